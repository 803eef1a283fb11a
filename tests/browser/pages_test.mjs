// The pages of logging in and of one's devices, as a person meets them: by keyboard, by screen reader, on a phone, and with
// another site trying to end the session. Run by tests/flow/test_pages.sh against an installation.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { launch, loggedIn, looksWell, reached, typeLogin, URL_OF_PORTAL, vietnameseFirst } from './browser.mjs';

const NUMBERS = process.env.NUMBERS.split(' ');
const PHONE = 'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const me = (page) => page.evaluate(async () => (await fetch('/v1/me', { headers: { 'X-Hocvu': '1' } })).status);

// At most 2 s: what the page promises about other devices.
async function endsWithin2s(page) {
    const begin = Date.now();
    while (Date.now() - begin < 2000) {
        if (await me(page) === 401) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail('the session goes on after 2 s');
}

test('the choice of providers', async () => {
    const context = await browser.newContext({ locale: 'vi-VN' });
    const page = await context.newPage();
    const answer = await page.goto(`${URL_OF_PORTAL}/login`);
    assert.equal(answer.status(), 200);
    assert.equal(await page.title(), 'Đăng nhập · Học Vụ Số');
    await vietnameseFirst(page);
    await looksWell(page);
    const choices = page.locator('.choices a');
    assert.equal(await choices.count(), 2);
    for (const text of await choices.allTextContents()) assert.match(text, /^Tài khoản .* · Electronic identity /);
    const order = await reached(page);
    assert.match(order[0], /^Đến nội dung chính/);
    assert.equal(order.filter((text) => text.startsWith('Tài khoản ')).length, 2);
    // The way through it without a mouse.
    const vneid = page.locator('.choices a[href="/login/vneid"]');
    await vneid.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/authorize/);
    await typeLogin(page, NUMBERS[0]);
    assert.equal(await me(page), 200);
    await context.close();
});

test('what went wrong on the way in', async () => {
    const context = await browser.newContext({ locale: 'vi-VN' });
    const page = await context.newPage();
    const answer = await page.goto(`${URL_OF_PORTAL}/login/openid/callback?error=access_denied&state=never<b>given`);
    assert.equal(answer.status(), 401);
    assert.equal(await page.title(), 'Chưa đăng nhập được · Học Vụ Số');
    assert.equal(await page.locator('main b').count(), 0);
    await vietnameseFirst(page);
    await looksWell(page);
    await context.close();
});

test('devices, for who is not logged in', async () => {
    const context = await browser.newContext({ locale: 'vi-VN' });
    const page = await context.newPage();
    await page.goto(`${URL_OF_PORTAL}/sessions`);
    await page.locator('#guest a').waitFor();
    assert.equal(await page.locator('#devices').isVisible(), false);
    await vietnameseFirst(page);
    await looksWell(page);
    await context.close();
});

test('the portal has one head', async () => {
    const context = await browser.newContext({ locale: 'vi-VN' });
    const page = await context.newPage();
    const heads = new Set();
    for (const path of ['/', '/sessions', '/verify', '/login']) {
        await page.goto(URL_OF_PORTAL + path);
        heads.add(await page.evaluate(() => {
            const page = document.documentElement.cloneNode(true);
            for (const link of page.querySelectorAll('[aria-current]')) link.removeAttribute('aria-current');
            page.querySelector('title').remove();
            return ['head', 'header', 'footer'].map((part) => page.querySelector(part).outerHTML).join('');
        }));
        await looksWell(page);
    }
    assert.equal(heads.size, 1);
    await page.goto(`${URL_OF_PORTAL}/verify`);
    assert.equal(await page.locator('nav [aria-current="page"]').getAttribute('href'), '/verify');
    // The first key leads past the navigation.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
    await context.close();
});

test('another device is logged out by keyboard', async () => {
    const here = await loggedIn(browser, NUMBERS[1]);
    const phone = await loggedIn(browser, NUMBERS[1], { provider: 'vneid', agent: PHONE });
    const { page } = here;
    await page.goto(`${URL_OF_PORTAL}/sessions`);
    const rows = page.locator('#sessions > li');
    await rows.nth(1).waitFor();
    assert.equal(await rows.count(), 2);
    await vietnameseFirst(page);
    await looksWell(page);
    const current = rows.filter({ hasText: 'thiết bị này · this device' });
    assert.equal(await current.locator('button').count(), 0, 'nobody logs out this device by mistake');
    const other = rows.filter({ hasText: 'Android' });
    const order = await reached(page);
    assert.deepEqual(order.filter((text) => text.startsWith('Đăng xuất')).map((text) => text.split(' · ')[0]),
        ['Đăng xuất thiết bị này', 'Đăng xuất khỏi mọi thiết bị']);
    await other.locator('button').focus();
    await page.keyboard.press('Enter');
    await endsWithin2s(phone.page);
    await page.locator('#done').filter({ hasText: 'Đã đăng xuất thiết bị.' }).waitFor();
    assert.equal(await rows.count(), 1);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'sessions', 'the keyboard goes on from the list');
    assert.equal(await me(page), 200);
    await looksWell(page);
    // Over there the page says so and shows the way in.
    await phone.page.goto(`${URL_OF_PORTAL}/sessions`);
    await phone.page.locator('#guest a').waitFor();
    await here.context.close();
    await phone.context.close();
});

// Hostile: another_site_ends_no_session, framed_by_another_site.
test('another site ends no session', async () => {
    const { context, page } = await loggedIn(browser, NUMBERS[2]);
    const hostile = createServer((req, res) => {
        res.setHeader('Content-Type', 'text/html');
        res.end('<!doctype html><title>elsewhere</title><iframe name="sink"></iframe>');
    });
    await new Promise((resolve) => hostile.listen(0, '127.0.0.1', resolve));
    const { port } = hostile.address();
    // Of the same site (another port of our host), whose requests carry the cookies, and of another one.
    for (const origin of [`http://127.0.0.1:${port}`, `http://localhost:${port}`]) {
        const tab = await context.newPage();
        await tab.goto(origin);
        const answers = [];
        tab.on('response', (response) => {
            if (response.request().method() === 'POST') answers.push(response.status());
        });
        for (const path of ['/session/logout', '/v1/me/sessions/end', '/session/refresh']) {
            await tab.evaluate(async (url) => {
                await fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include' }).catch(() => {});
                // With the header the browser asks first, and is not allowed.
                await fetch(url, { method: 'POST', credentials: 'include', headers: { 'X-Hocvu': '1' } }).catch(() => {});
                const form = document.createElement('form');
                Object.assign(form, { method: 'post', action: url, target: 'sink' });
                document.body.append(form);
                form.submit();
                await new Promise((resolve) => setTimeout(resolve, 200));
            }, URL_OF_PORTAL + path);
        }
        assert.ok(answers.length >= 3, 'the requests have been made');
        assert.ok(answers.every((status) => status >= 400), `answers to another site: ${answers}`);
        await tab.close();
        assert.equal(await me(page), 200, `${origin} has ended a session`);
    }
    // Nor may the page be put into a frame and clicked upon.
    const framed = await context.newPage();
    await framed.goto(`http://127.0.0.1:${port}`);
    await framed.evaluate((url) => { document.querySelector('iframe').src = url; }, `${URL_OF_PORTAL}/sessions`);
    await framed.waitForTimeout(300);
    assert.equal(await framed.frames().at(-1).locator('#everywhere').count(), 0);
    hostile.close();
    await context.close();
});

test('out everywhere', async () => {
    const { context, page } = await loggedIn(browser, NUMBERS[3]);
    const phone = await loggedIn(browser, NUMBERS[3], { agent: PHONE });
    await page.goto(`${URL_OF_PORTAL}/sessions`);
    await page.locator('#everywhere').waitFor();
    await page.locator('#everywhere').focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`${URL_OF_PORTAL}/`);
    await page.locator('#guest a').waitFor();
    await endsWithin2s(phone.page);
    assert.deepEqual((await context.cookies()).filter((cookie) => /hocvu/.test(cookie.name)), [], 'the cookies are gone');
    await phone.page.reload();
    await phone.page.locator('#guest a').waitFor();
    await context.close();
    await phone.context.close();
});
