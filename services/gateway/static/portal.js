// portal.js - who is logged in, where, logging out, and looking up a certificate. Cookies hold the session; scripts cannot read it.
'use strict';

const at = (id) => document.getElementById(id);

// Shows what went wrong as the server says it: Vietnamese first, then English, with the trace id for the support team.
function showTrouble(error) {
  const place = at('trouble');
  if (!place) return;
  const vi = error && error.message_vi ? error.message_vi : 'Không kết nối được với máy chủ. Hãy thử lại.';
  const en = error && error.message_en ? error.message_en : 'The server cannot be reached. Try again.';
  place.textContent = vi + ' ';
  const english = document.createElement('span');
  english.lang = 'en';
  english.textContent = en + (error && error.trace ? ' (' + error.trace + ')' : '');
  place.append(english);
  place.hidden = false;
}

// {status, body}; status 0 when there was no answer.
async function ask(method, path) {
  try {
    const response = await fetch(path, {
      method: method,
      headers: { 'Accept': 'application/json', 'X-Hocvu': '1' },
      credentials: 'same-origin',
    });
    return { status: response.status, body: await response.json() };
  } catch {
    return { status: 0, body: {} };
  }
}

// The same, and when the access token has ended once more with a new one.
async function askAsPerson(method, path) {
  const first = await ask(method, path);
  if (first.status !== 401) return first;
  const renewed = await ask('POST', '/session/refresh');
  return renewed.status === 200 ? ask(method, path) : renewed;
}

const roleNames = {
  learner: 'Người học',
  unit_head: 'Người đứng đầu đơn vị',
  editor: 'Người biên soạn',
  reviewer: 'Người thẩm định',
  exam_officer: 'Cán bộ khảo thí',
  province_officer: 'Cán bộ tổng hợp của tỉnh',
  national_operator: 'Quản trị quốc gia',
  appeals_officer: 'Cán bộ giải quyết khiếu nại',
  identity_officer: 'Cán bộ quản lý danh sách',
  privacy_officer: 'Cán bộ bảo vệ dữ liệu cá nhân',
  auditor: 'Kiểm tra viên',
};

function showPerson(person) {
  at('full_name').textContent = person.full_name;
  at('unit_name').textContent = person.unit_name ? person.unit_name + ' (' + person.unit_code + ')' : '–';
  if (person.advice_vi) showTrouble({ message_vi: person.advice_vi, message_en: person.advice_en });
  at('position').textContent = person.position || '–';
  at('roles').replaceChildren(...person.grants.map((grant) => {
    const row = document.createElement('li');
    row.textContent = (roleNames[grant.role] || grant.role) + (grant.unit_name ? ': ' + grant.unit_name : '');
    return row;
  }));
  at('person').hidden = false;
}

async function startPage() {
  const answer = await askAsPerson('GET', '/v1/me');
  at('checking').hidden = true;
  if (answer.status === 200) {
    showPerson(answer.body);
  } else {
    at('guest').hidden = false;
    if (answer.status !== 401) showTrouble(answer.body.error);
  }
  at('logout').addEventListener('click', async () => {
    const left = await ask('POST', '/session/logout');
    // The provider's own logout, where there is one.
    if (left.status === 200 && left.body.location) location.assign(left.body.location);
    else if (left.status === 200) location.reload();
    else showTrouble(left.body.error);
  });
}

// Text with its English beside it.
function words(tag, vi, en) {
  const element = document.createElement(tag);
  element.textContent = vi + ' · ';
  const english = document.createElement('span');
  english.lang = 'en';
  english.textContent = en;
  element.append(english);
  return element;
}

function moment(text) {
  return new Date(text).toLocaleString('vi-VN', { timeZone: 'Asia/Ho_Chi_Minh', dateStyle: 'short', timeStyle: 'short' });
}

function sessionRow(session) {
  const row = document.createElement('li');
  const name = document.createElement('strong');
  name.textContent = session.device || 'Thiết bị không rõ';
  row.append(name);
  if (session.current) row.append(' ', words('em', 'thiết bị này', 'this device'));
  const facts = document.createElement('p');
  facts.className = 'small';
  facts.textContent = [session.address, 'đăng nhập ' + moment(session.created), 'dùng gần nhất ' + moment(session.renewed_at),
    session.provider].filter(Boolean).join(' · ');
  row.append(facts);
  if (session.ended_at) {
    const alarm = words('p', 'Phiên này đã bị kết thúc lúc ' + moment(session.ended_at) +
      ' vì một mã đăng nhập cũ được dùng lại: có thể người khác đã lấy được mã. Nếu không phải bạn, hãy đăng xuất khỏi mọi thiết bị.',
      'This session was ended because an old token was used again: somebody else may have had it. If that was not you, log out everywhere.');
    alarm.className = 'trouble';
    row.append(alarm);
  } else if (!session.current) {
    const button = words('button', 'Đăng xuất thiết bị này', 'Log out this device');
    button.type = 'button';
    button.addEventListener('click', async () => {
      button.disabled = true;
      const ended = await askAsPerson('DELETE', '/v1/me/sessions/' + encodeURIComponent(session.session_id));
      if (ended.status !== 200) showTrouble(ended.body.error);
      await showSessions();
      // The button is gone with its row: say so, and let the keyboard go on from the list.
      if (ended.status === 200) at('done').replaceChildren(...words('p', 'Đã đăng xuất thiết bị.', 'The device is logged out.').childNodes);
      at('sessions').focus();
    });
    row.append(button);
  }
  return row;
}

async function showSessions() {
  const answer = await askAsPerson('GET', '/v1/me/sessions');
  at('checking').hidden = true;
  at('devices').hidden = answer.status !== 200;
  at('guest').hidden = answer.status !== 401;
  if (answer.status === 200) at('sessions').replaceChildren(...answer.body.sessions.map(sessionRow));
  else if (answer.status !== 401) showTrouble(answer.body.error);
}

function sessionsPage() {
  showSessions();
  at('everywhere').addEventListener('click', async () => {
    const left = await askAsPerson('POST', '/v1/me/sessions/end');
    if (left.status !== 200) return showTrouble(left.body.error);
    await ask('POST', '/session/logout'); // takes the cookies back
    location.assign('/');
  });
}

function day(text) {
  const when = new Date(text);
  return when.toLocaleDateString('vi-VN', { timeZone: 'Asia/Ho_Chi_Minh', day: '2-digit', month: '2-digit', year: 'numeric' });
}

function showCertificate(certificate) {
  const valid = certificate.status === 'valid';
  at('verdict').textContent = valid ? 'Chứng nhận có hiệu lực · Valid' : 'Chứng nhận đã bị thu hồi · Revoked';
  at('verdict').className = valid ? 'valid' : 'invalid';
  at('c_number').textContent = certificate.number;
  at('c_holder').textContent = certificate.holder;
  at('c_programme').textContent = certificate.programme_vi + ' · ' + certificate.programme_en;
  at('c_issuer').textContent = certificate.issuer;
  at('c_issued').textContent = day(certificate.issued_at);
  at('c_revoked').textContent = certificate.revoked_at ? day(certificate.revoked_at) : '';
  at('c_reason').textContent = certificate.reason || '';
  for (const element of document.querySelectorAll('.revoked')) element.hidden = valid;
  at('certificate').hidden = false;
}

async function lookUp(number) {
  at('certificate').hidden = true;
  at('trouble').hidden = true;
  const answer = await ask('GET', '/v1/certificates/' + encodeURIComponent(number));
  if (answer.status === 200) showCertificate(answer.body);
  else showTrouble(answer.body.error);
}

function verifyPage() {
  const asked = new URLSearchParams(location.search).get('number');
  at('verify').addEventListener('submit', (event) => {
    event.preventDefault();
    const number = at('number').value.trim();
    history.replaceState(null, '', '/verify?number=' + encodeURIComponent(number));
    lookUp(number);
  });
  if (asked) {
    at('number').value = asked.trim();
    lookUp(asked.trim());
  }
}

// The page that is shown, said in the navigation that all pages share.
for (const link of document.querySelectorAll('nav a'))
  if (link.pathname === location.pathname) link.setAttribute('aria-current', 'page');

if (at('logout')) startPage();
if (at('verify')) verifyPage();
if (at('sessions')) sessionsPage();
