// The pages that a person sees: the login form and error pages. Self-contained HTML without scripts, Vietnamese first
// and English second, usable with keyboard and screen reader.

import { createHash } from 'node:crypto';

const STYLE = `
body { margin: 0; font: 1.0625rem/1.5 system-ui, sans-serif; color: #1b1b1b; background: #f3f5f8; }
main { max-width: 30rem; margin: 2rem auto; padding: 1.5rem; background: #fff; border: 1px solid #c9ced6; }
h1 { margin: 0 0 .75rem; font-size: 1.375rem; line-height: 1.3; }
[lang=en] { display: block; font-size: .9375rem; font-weight: normal; color: #454b54; }
[lang=en].inline { display: inline; font: inherit; color: inherit; }
label { display: block; margin-top: 1rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; margin-top: .25rem; padding: .625rem; font: inherit;
    border: 1px solid #5b6470; }
input[aria-invalid=true] { border: 2px solid #a4001a; }
button { width: 100%; margin-top: 1.5rem; padding: .75rem; font: inherit; font-weight: 600; color: #fff;
    background: #0b4f9e; border: 0; cursor: pointer; }
:focus-visible { outline: 3px solid #1b1b1b; outline-offset: 2px; }
.notice { padding: .75rem; background: #fff6dc; border-left: 4px solid #8a6100; }
.error { padding: .75rem; background: #fdecee; border-left: 4px solid #a4001a; }
a { color: #0b4f9e; }
`;

export const PAGE_HEADERS = {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    // No form-action here: browsers apply it to the redirects that follow the form too, and those lead to the client.
    'Content-Security-Policy': "default-src 'none'; img-src data:; base-uri 'none'; frame-ancestors 'none'; style-src"
        + ` 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
};

const NOTICE = `<p class="notice">Đây là dịch vụ định danh <strong>trình diễn</strong>,
<strong>không phải VNeID</strong>.
Mọi người và mọi số định danh ở đây đều không có thật. Xin đừng nhập số định danh hay mật khẩu thật của bạn.
<span lang="en">This is a <strong>demonstration</strong> identity provider, <strong>not VNeID</strong>. Every person and
number here is invented. Please do not type your real number or password.</span></p>`;

const LOGIN_FAULTS = {
    format: ['Số định danh phải gồm đúng 12 chữ số.', 'The identification number must have exactly 12 digits.'],
    wrong: ['Số định danh hoặc mật khẩu không đúng. Xin kiểm tra và nhập lại.',
        'Wrong number or password. Please check and try again.'],
};

const ERRORS = {
    expired: ['Phiên đăng nhập đã hết hạn hoặc đã kết thúc.',
        'This login has expired or has already ended.'],
    invalid_redirect_uri: ['Địa chỉ quay về chưa được đăng ký, nên yêu cầu đăng nhập bị từ chối.',
        'The return address is not registered, so the login request was refused.'],
    invalid_client: ['Ứng dụng gửi yêu cầu chưa được đăng ký.', 'The application that asked is not registered.'],
    server_error: ['Dịch vụ gặp lỗi. Xin thử lại sau ít phút.',
        'The service failed. Please try again in a few minutes.'],
    other: ['Yêu cầu đăng nhập không hợp lệ.', 'The login request is not valid.'],
};

function escape(text) {
    return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function page(title, body) {
    return `<!DOCTYPE html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

// The login form, which sends to `action`. fault is undefined, 'format' or 'wrong'; number is what was typed before.
export function loginPage({ uid, fault, number = '', action = `/interaction/${uid}` }) {
    const [vi, en] = LOGIN_FAULTS[fault] ?? [];
    const told = ' aria-invalid="true" aria-describedby="fault"';
    const numberTold = fault ? told : '';
    const passwordTold = fault === 'wrong' ? told : '';
    const error = fault ? `<p class="error" role="alert" id="fault">${vi} <span lang="en">${en}</span></p>` : '';
    return page(`${fault ? 'Lỗi: ' : ''}Đăng nhập trình diễn - Demonstration sign-in`, `
<h1>Đăng nhập trình diễn <span lang="en">Demonstration sign-in</span></h1>
${NOTICE}
${error}
<form method="post" action="${escape(action)}">
<label for="number">Số định danh cá nhân (12 chữ số)
<span lang="en">Personal identification number (12 digits)</span></label>
<input id="number" name="number" type="text" inputmode="numeric" autocomplete="username" maxlength="20" required
 autofocus value="${escape(number)}"${numberTold}>
<label for="password">Mật khẩu trình diễn <span lang="en">Demonstration password</span></label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="200" required
${passwordTold}>
<button type="submit">Đăng nhập / <span class="inline" lang="en">Sign in</span></button>
</form>`);
}

// A page that tells why the login cannot go on; error is an OAuth error code or 'expired'. The way out is the client's
// own start page, because a login can only be begun there.
export function errorPage(error, redirectUri) {
    const [vi, en] = ERRORS[error] ?? ERRORS.other;
    const label = 'Mã lỗi / <span class="inline" lang="en">Error code</span>';
    const code = ERRORS[error] ? '' : `<p>${label}: <code>${escape(String(error))}</code></p>`;
    return page('Không đăng nhập được - Sign-in failed', `
<h1>Không đăng nhập được <span lang="en">Sign-in failed</span></h1>
<p class="error" role="alert">${vi} <span lang="en">${en}</span></p>
${code}
<p><a href="${escape(new URL(redirectUri).origin)}/">Quay lại và bắt đầu đăng nhập lại
<span lang="en">Go back and start the login again</span></a></p>
${NOTICE}`);
}

// Asks whether to log out here, in this browser or in all.
export function logoutPage(action, xsrf) {
    return page('Đăng xuất - Sign out', `
<h1>Đăng xuất khỏi dịch vụ định danh <span lang="en">Sign out of the identity provider</span></h1>
<form method="post" action="${action}">
<input type="hidden" name="xsrf" value="${xsrf}">
<input type="hidden" name="logout" value="yes">
<button type="submit">Đăng xuất trên trình duyệt này / <span class="inline" lang="en">Sign out in this browser</span></button>
<button type="submit" name="everywhere" value="yes">Đăng xuất ở mọi nơi /
<span class="inline" lang="en">Sign out everywhere</span></button>
</form>
${NOTICE}`);
}

export function loggedOutPage(redirectUri) {
    return page('Đã đăng xuất - Signed out', `
<h1>Đã đăng xuất <span lang="en">You are signed out</span></h1>
<p><a href="${escape(new URL(redirectUri).origin)}/">Trang đầu <span lang="en">Start page</span></a></p>
${NOTICE}`);
}

export function sendPage(res, status, html) {
    res.writeHead(status, { ...PAGE_HEADERS, 'Content-Length': Buffer.byteLength(html) });
    res.end(html);
}
