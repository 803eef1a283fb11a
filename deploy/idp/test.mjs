// Tests of the demonstration identity provider over real HTTP:  node --test test.mjs  (after npm ci)

import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { createConnection } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import {
    Browser, CLIENT, PASSWORD, ProviderProcess, REDIRECT_URI, exchange, logIn, newRequest, readPeople, submitForm,
    userinfo, wholeLogin,
} from './flow-client.mjs';
import { createStore } from './store.mjs';

const people = readPeople();
const UNKNOWN = '999099000000';
const provider = new ProviderProcess();

before(async () => {
    assert.ok(!people.some(({ number }) => number === UNKNOWN), 'the unknown number is in the roster');
    await provider.start();
});
after(() => provider.close());

// Checks the token's signature with the key that the provider publishes, and returns its header and claims.
async function verified(issuer, idToken) {
    const [head, body, signature] = idToken.split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url'));
    const discovery = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    assert.equal(discovery.issuer, issuer);
    const { keys } = await (await fetch(discovery.jwks_uri)).json();
    const jwk = keys.find(({ kid }) => kid === header.kid);
    assert.ok(jwk, 'the key is not published');
    assert.equal(jwk.d, undefined, 'a private key is published');
    const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
    const good = (text) => verify('sha256', Buffer.from(text), key, Buffer.from(signature, 'base64url'));
    assert.ok(good(`${head}.${body}`), 'the signature is wrong');
    assert.ok(!good(`${head}.${body}A`), 'any signature would do');
    return { header, claims: JSON.parse(Buffer.from(body, 'base64url')) };
}

test('a whole login tells who the person is, in id_token and userinfo', async () => {
    const person = people[0];
    const { tokens, claims, request } = await wholeLogin(provider.issuer, person.number);
    const { header, claims: told } = await verified(provider.issuer, tokens.id_token);
    const now = Date.now() / 1000;

    assert.equal(header.alg, 'ES256');
    assert.equal(told.iss, provider.issuer);
    assert.equal(told.aud, CLIENT.id);
    assert.equal(told.nonce, request.nonce);
    assert.ok(told.iat <= now + 1 && told.exp > now && told.exp < now + 3600);
    for (const source of [told, claims]) {
        assert.equal(source.SoDinhDanh, person.number);
        assert.equal(source.HoVaTen, person.name);
        assert.equal(source.HoVaTen, source.HoVaTen.normalize('NFC'));
        assert.equal(source.birthdate, person.birthdate);
        assert.equal(source.acr, '2');
        assert.equal(source.assurance, '2');
        assert.equal(source.sub, told.sub);
    }
    assert.match(told.sub, /^[A-Za-z0-9_-]{43}$/);
    assert.ok(!told.sub.includes(person.number));

    const again = await wholeLogin(provider.issuer, person.number);
    assert.equal(again.claims.sub, told.sub, 'the subject changes from login to login');
    const other = await wholeLogin(provider.issuer, people[1].number);
    assert.notEqual(other.claims.sub, told.sub);
});

test('the scope decides what is told', async () => {
    const request = newRequest(provider.issuer, { scope: 'openid' });
    const browser = new Browser();
    const end = await submitForm(browser, await browser.go(request.url), people[0].number);
    const tokens = await exchange(provider.issuer, new URL(end.location).searchParams.get('code'), request.verifier);
    const { claims } = await verified(provider.issuer, tokens.id_token);
    assert.ok(claims.sub);
    assert.equal(claims.SoDinhDanh, undefined);
    assert.equal((await userinfo(provider.issuer, tokens.access_token)).SoDinhDanh, undefined);
});

test('state and issuer come back with the code', async () => {
    const request = newRequest(provider.issuer);
    const browser = new Browser();
    const end = await submitForm(browser, await browser.go(request.url), people[2].number);
    const answer = new URL(end.location);
    assert.equal(`${answer.origin}${answer.pathname}`, REDIRECT_URI);
    assert.equal(answer.searchParams.get('state'), request.state);
    assert.equal(answer.searchParams.get('iss'), provider.issuer);
});

test('a wrong password and an unknown number get the same clear answer, and the form can be used again', async () => {
    const browser = new Browser();
    const page = await browser.go(newRequest(provider.issuer).url);
    assert.equal(page.status, 200);
    assert.match(page.text, /không phải VNeID/);
    assert.match(page.text, /<html lang="vi">/);

    const wrong = await submitForm(browser, page, people[0].number, `${PASSWORD}x`);
    assert.equal(wrong.status, 403);
    assert.equal(wrong.location, undefined);
    assert.match(wrong.text, /role="alert"[^>]*>Số định danh hoặc mật khẩu không đúng/);
    assert.match(wrong.text, /Wrong number or password/);

    const unknown = await submitForm(browser, page, UNKNOWN);
    assert.equal(unknown.status, 403);
    assert.equal(unknown.text.replace(UNKNOWN, people[0].number), wrong.text);

    const empty = await submitForm(browser, page, people[0].number, '');
    assert.equal(empty.status, 403);

    const malformed = await submitForm(browser, page, '12<b>', PASSWORD);
    assert.equal(malformed.status, 422);
    assert.match(malformed.text, /đúng 12 chữ số/);
    assert.ok(!malformed.text.includes('<b>'), 'what was typed is not escaped');

    const grouped = people[0].number.replace(/(....)(....)(....)/, '$1 $2.$3');
    assert.ok((await submitForm(browser, unknown, grouped)).location?.includes('code='));
});

test('a wrong or missing PKCE verifier gets no token', async () => {
    const { code } = await logIn(provider.issuer, people[3].number);
    const wrong = await exchange(provider.issuer, code, newRequest(provider.issuer).verifier);
    assert.equal(wrong.status, 400);
    assert.equal(wrong.error, 'invalid_grant');
    assert.equal(wrong.id_token, undefined);

    const second = await logIn(provider.issuer, people[3].number);
    const missing = await exchange(provider.issuer, second.code, '');
    assert.equal(missing.status, 400);
    assert.equal(missing.id_token, undefined);
});

test('PKCE with S256 is required, and only the code flow is there', async () => {
    for (const overrides of [
        { code_challenge: undefined, code_challenge_method: undefined },
        { code_challenge_method: 'plain' },
        { response_type: 'id_token' },
        { response_type: 'code id_token' },
    ]) {
        const answer = await new Browser().go(newRequest(provider.issuer, overrides).url);
        assert.ok(answer.location?.startsWith(REDIRECT_URI), JSON.stringify(overrides));
        assert.match(answer.location, /[?&#]error=(invalid_request|unsupported_response_type)/);
    }
    const registration = await fetch(`${provider.issuer}/reg`, { method: 'POST', body: '{}' });
    assert.equal(registration.status, 404);
});

test('an unregistered redirect_uri or client is refused on a page, without a redirect', async () => {
    for (const overrides of [
        { redirect_uri: `${REDIRECT_URI}/more` },
        { redirect_uri: 'http://127.0.0.1:9/elsewhere' },
        { redirect_uri: undefined },
        { client_id: 'somebody' },
    ]) {
        const answer = await new Browser().go(newRequest(provider.issuer, overrides).url);
        assert.equal(answer.status, 400, JSON.stringify(overrides));
        assert.equal(answer.location, undefined);
        assert.match(answer.text, /Không đăng nhập được/);
    }
});

test('the token endpoint wants the right client secret', async () => {
    const { code, request } = await logIn(provider.issuer, people[4].number);
    const refused = await exchange(provider.issuer, code, request.verifier, 'x'.repeat(32));
    assert.equal(refused.status, 401);
    assert.equal(refused.error, 'invalid_client');
});

test('a code works once; its second use also ends the token of the first', async () => {
    const { code, request } = await logIn(provider.issuer, people[5].number);
    const first = await exchange(provider.issuer, code, request.verifier);
    assert.equal(first.status, 200);
    assert.equal((await userinfo(provider.issuer, first.access_token)).SoDinhDanh, people[5].number);
    const second = await exchange(provider.issuer, code, request.verifier);
    assert.equal(second.status, 400);
    assert.equal(second.error, 'invalid_grant');
    assert.equal((await userinfo(provider.issuer, first.access_token)).error, 'invalid_token');

    const race = await logIn(provider.issuer, people[5].number);
    const again = () => exchange(provider.issuer, race.code, race.request.verifier);
    const answers = await Promise.all([again(), again(), again(), again()]);
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
});

test('a login form is of no use in another browser', async () => {
    const page = await new Browser().go(newRequest(provider.issuer).url);
    const stolen = await submitForm(new Browser(), page, people[0].number);
    assert.equal(stolen.status, 400);
    assert.equal(stolen.location, undefined);
    assert.match(stolen.text, /đã hết hạn/);
});

test('one browser can log in as one person after the other, and in two tabs at once', async () => {
    const browser = new Browser();
    const first = await wholeLogin(provider.issuer, people[6].number, browser);
    assert.equal(first.claims.SoDinhDanh, people[6].number);
    const requests = [newRequest(provider.issuer), newRequest(provider.issuer)];
    const tabs = [];
    for (const request of requests) {
        tabs.push(await browser.go(request.url));
    }
    for (const at of [0, 1]) {
        const end = await submitForm(browser, tabs[at], people[7 + at].number);
        const { searchParams } = new URL(end.location);
        const tokens = await exchange(provider.issuer, searchParams.get('code'), requests[at].verifier);
        const { claims } = await verified(provider.issuer, tokens.id_token);
        assert.equal(claims.SoDinhDanh, people[7 + at].number);
    }
});

test('an oversized or foreign body is refused', async () => {
    const browser = new Browser();
    const page = await browser.go(newRequest(provider.issuer).url);
    const large = await submitForm(browser, page, people[0].number, 'x'.repeat(10_000));
    assert.equal(large.status, 400);
    assert.equal((await submitForm(browser, page, people[0].number)).status, 303);
});

test('50 logins at once succeed', async (t) => {
    const begin = performance.now();
    const logins = await Promise.all(people.slice(100, 150).map(({ number }) => wholeLogin(provider.issuer, number)));
    const seconds = (performance.now() - begin) / 1000;
    logins.forEach(({ claims }, at) => assert.equal(claims.SoDinhDanh, people[100 + at].number));
    assert.equal(new Set(logins.map(({ claims }) => claims.sub)).size, 50);
    t.diagnostic(`${(50 / seconds).toFixed(0)} logins/s, cold, client included; measure.mjs measures properly`);
});

test('health answers, and only this machine is served', async () => {
    assert.equal((await fetch(`${provider.issuer}/health`)).status, 200);
    const outside = Object.values(networkInterfaces()).flat().find((i) => i.family === 'IPv4' && !i.internal);
    if (outside) {
        const code = await new Promise((resolve) => {
            const socket = createConnection({ host: outside.address, port: provider.port });
            socket.once('connect', () => resolve('connected'));
            socket.once('error', (error) => resolve(error.code));
        });
        assert.equal(code, 'ECONNREFUSED');
    }
});

test('the log has one line of JSON a request and holds no number, secret, code or token', async () => {
    const { code, request } = await logIn(provider.issuer, people[9].number);
    const tokens = await exchange(provider.issuer, code, request.verifier);
    await userinfo(provider.issuer, tokens.access_token);
    await fetch(`${provider.issuer}/${people[9].number}?number=${people[9].number}`);
    await fetch(`${provider.issuer}/health?x=${people[9].number}`);
    await new Promise((resolve) => setTimeout(resolve, 100));

    const lines = provider.output.trim().split('\n').map((line) => JSON.parse(line));
    const requests = lines.filter(({ method }) => method);
    assert.ok(requests.length > 100);
    for (const line of requests) {
        assert.deepEqual(Object.keys(line), ['time', 'method', 'path', 'status', 'ms']);
    }
    assert.ok(requests.some(({ path, status }) => path === '/interaction/:uid' && status === 303));
    assert.ok(requests.some(({ path, status }) => path === '/health' && status === 200));
    assert.ok(requests.some(({ path, status }) => path === '(other)' && status === 404));
    assert.doesNotMatch(provider.output, /999\d{9}/);
    for (const secret of [CLIENT.secret, PASSWORD, code, request.state, request.verifier, tokens.access_token]) {
        assert.ok(!provider.output.includes(secret));
    }
    assert.deepEqual(lines.filter(({ event }) => event === 'server_error'), []);
});

test('a restart loses a login in flight, nothing else', async () => {
    const own = new ProviderProcess();
    try {
        await own.start();
        assert.equal(statSync(join(own.folder, 'keys.json')).mode & 0o777, 0o600);
        const earlier = await wholeLogin(own.issuer, people[10].number);
        const browser = new Browser();
        const page = await browser.go(newRequest(own.issuer).url);
        await own.stop('SIGKILL');
        await own.start();

        const lost = await submitForm(browser, page, people[10].number);
        assert.equal(lost.status, 400);
        assert.match(lost.text, /đã hết hạn/);
        const later = await wholeLogin(own.issuer, people[10].number, browser);
        assert.equal(later.claims.sub, earlier.claims.sub);
        await verified(own.issuer, earlier.tokens.id_token);
    } finally {
        await own.close();
    }
});

test('SIGTERM lets a request in flight end, takes no new one, and ends with 0', async () => {
    const own = new ProviderProcess();
    try {
        await own.start();
        await fetch(`${own.issuer}/health`); // Leaves an idle connection behind.
        const headers = {
            'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': 30,
            Expect: '100-continue',
        };
        const slow = httpRequest(`${own.issuer}/token`, { method: 'POST', headers });
        const answered = new Promise((resolve, reject) => {
            slow.once('response', resolve);
            slow.once('error', reject);
        });
        slow.flushHeaders();
        await new Promise((resolve) => slow.once('continue', resolve)); // The request has begun.
        own.child.kill('SIGTERM');
        while (!own.output.includes('"draining"')) {
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
        await assert.rejects(fetch(`${own.issuer}/health`, { headers: { Connection: 'close' } }));
        slow.end('grant_type=authorization_code&'.padEnd(30));
        const answer = await answered;
        assert.equal(answer.statusCode, 400);
        answer.resume();
        assert.deepEqual(await own.ended, { code: 0, signal: null });
    } finally {
        await own.close();
    }
});

test('ID_TOKEN_ALG chooses RS256', async () => {
    const own = new ProviderProcess({ ID_TOKEN_ALG: 'RS256' });
    try {
        await own.start();
        const { tokens } = await wholeLogin(own.issuer, people[11].number);
        const { header, claims } = await verified(own.issuer, tokens.id_token);
        assert.equal(header.alg, 'RS256');
        assert.equal(claims.SoDinhDanh, people[11].number);
    } finally {
        await own.close();
    }
});

test('a start that cannot work says why and exits with 2', async () => {
    const expectRefusal = async (env, said, prepare = () => {}) => {
        const own = new ProviderProcess(env);
        try {
            prepare(own);
            await assert.rejects(own.start(), (error) => {
                assert.match(error.message, /exit 2/);
                assert.match(error.message, said);
                assert.doesNotMatch(error.message, /\d{12}|\n\s+at /);
                return true;
            });
        } finally {
            await own.close();
        }
    };
    await expectRefusal({ PORT: '70000', CLIENT_ID: 'ö' }, /PORT must be[^]*CLIENT_ID must be/);
    await expectRefusal({ ISSUER: 'http://127.0.0.1:8401/' }, /ISSUER must be/);
    await expectRefusal({ ID_TOKEN_ALG: 'none' }, /ID_TOKEN_ALG must be/);
    await expectRefusal({ PASSWORD_FILE: '/nowhere' }, /PASSWORD_FILE: cannot read/);
    await expectRefusal({ PORT: String(provider.port) }, /PORT \d+ is taken/);
    await expectRefusal({}, /chmod 600/, (own) => {
        writeFileSync(join(own.folder, 'keys.json'), '{}');
        chmodSync(join(own.folder, 'keys.json'), 0o644);
    });
    await expectRefusal({}, /lacks a key/, (own) => {
        writeFileSync(join(own.folder, 'keys.json'), '{}', { mode: 0o600 });
    });
    const bad = new ProviderProcess();
    const roster = join(bad.folder, 'roster.csv');
    writeFileSync(roster, `national_id,full_name,birth_date\n${UNKNOWN},A,1990-01-01\n${UNKNOWN},B,1990-01-01\n`);
    await expectRefusal({ ROSTER_FILE: roster }, /row 3 has/);
    await bad.close();
});

test('the store forgets what is expired and, beyond its bound, the oldest', async () => {
    const store = new (createStore(200))('Interaction');
    await store.upsert('a', { x: 1 }, 0.05);
    assert.deepEqual(await store.find('a'), { x: 1 });
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(await store.find('a'), undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(store.entries.size, 0, 'what is expired is still in memory');

    for (let i = 0; i < 50_001; i++) {
        await store.upsert(`id${i}`, { i }, 60);
    }
    assert.equal(store.entries.size, 50_000);
    assert.equal(await store.find('id0'), undefined);
    assert.deepEqual(await store.find('id50000'), { i: 50_000 });

    await store.consume('id50000');
    assert.ok((await store.find('id50000')).consumed);
    await assert.rejects(store.consume('id50000'), { error: 'invalid_grant' });
});

// What a client's back-channel endpoint is told, for one test.
async function listener() {
    const told = [];
    const server = createServer((req, res) => {
        let body = '';
        req.on('data', (chunk) => { body += chunk; });
        req.on('end', () => {
            told.push({ type: req.headers['content-type'], token: new URLSearchParams(body).get('logout_token') });
            res.end();
        });
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { told, server, url: `http://127.0.0.1:${server.address().port}/backchannel` };
}

async function until(condition) {
    for (let i = 0; i < 100 && !condition(); i++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

test('logging out here tells the client, of one session or of all of the account', async () => {
    const client = await listener();
    const idp = new ProviderProcess({ BACKCHANNEL_LOGOUT_URI: client.url });
    await idp.start();
    try {
        const enter = async () => {
            const request = newRequest(idp.issuer);
            const browser = new Browser();
            const end = await submitForm(browser, await browser.go(request.url), people[0].number);
            const code = new URL(end.location).searchParams.get('code');
            const tokens = await exchange(idp.issuer, code, request.verifier);
            return { browser, ...(await verified(idp.issuer, tokens.id_token)) };
        };
        const leave = async (browser, everywhere) => {
            const shown = await browser.go(`${idp.issuer}/session/end`);
            assert.match(shown.text, /Đăng xuất ở mọi nơi/);
            const xsrf = /name="xsrf" value="([^"]+)"/.exec(shown.text)[1];
            const forged = await browser.go(`${idp.issuer}/session/end/confirm`, { xsrf: 'x', logout: 'yes' });
            assert.equal(forged.status, 400, 'a form of another site logs out');
            return browser.go(`${idp.issuer}/session/end/confirm`, { xsrf, logout: 'yes', ...(everywhere && { everywhere }) });
        };

        const [one, two] = [await enter(), await enter()];
        assert.ok(one.claims.sid && one.claims.sid !== two.claims.sid);
        assert.match((await leave(one.browser)).text, /Đã đăng xuất/);
        assert.equal(client.told.length, 1);
        assert.match(client.told[0].type, /^application\/x-www-form-urlencoded/);
        const { header, claims } = await verified(idp.issuer, client.told[0].token);
        assert.equal(header.alg, 'ES256');
        assert.equal(claims.iss, idp.issuer);
        assert.equal(claims.aud, CLIENT.id);
        assert.equal(claims.sid, one.claims.sid);
        assert.equal(claims.nonce, undefined);
        assert.ok(claims.jti && claims.events['http://schemas.openid.net/event/backchannel-logout']);
        // Once: the session is no more.
        await one.browser.go(`${idp.issuer}/session/end`);
        assert.equal(client.told.length, 1);

        const three = await enter();
        await leave(three.browser, 'yes');
        await until(() => client.told.length === 3);
        const { claims: all } = await verified(idp.issuer, client.told[2].token);
        assert.equal(all.sub, one.claims.sub);
        assert.equal(all.sid, undefined);
    } finally {
        await idp.close();
        client.server.close();
    }
});
