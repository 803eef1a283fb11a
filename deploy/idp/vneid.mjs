// A demonstration provider that speaks the partner protocol of VNeID as it is publicly described: a code flow that is not
// OpenID Connect. The token request is form-encoded; the answers of the token and userinfo endpoints are
// {"data": base64 AES-256-ECB, "key": base64 RSA-PKCS1 of the AES key}; there is no id_token and no nonce. Written from
// the description with Node's own crypto alone, so that our C side is held against somebody else's reading.
//
// It can be told to lie, for the tests: FAULTS is a JSON object of the switches in `faults` below, and with
// FAULTS_BY_HTTP=yes a POST /faults replaces them. README.md tells the rest.

import { constants, createCipheriv, createHash, createPublicKey, publicEncrypt, randomBytes, timingSafeEqual }
    from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

import { errorPage, loginPage, sendPage } from './pages.mjs';
import { loadRoster } from './roster.mjs';

const CODE_MS = 60_000;
const TOKEN_MS = 120_000;
const FORM_MS = 600_000;
const MOST = 10_000;
const MAX_BODY = 16_384;

const NO_FAULTS = {
    code_plus: false, // codes hold + and /
    encrypt_code: false, // the code comes encrypted, with encrypt_key
    encrypt_code_other_key: false, // ... for somebody else
    down: false, // 503
    slow_ms: 0,
    status: 0, // of token and userinfo
    html: false, // a page instead of JSON
    tamper: '', // padding, block, swap, odd, zero, nopad
    truncate: 0, // bytes cut off the ciphertext
    key: '', // other, short, garbage, truncated, bits128
    replay: '', // token, userinfo: the answer of the last login again
    where: 'userinfo', // which answer lies: token or userinfo
    json: '', // doubled, trailing, latin1, array, empty, nul
    claims: {}, // replaces claims; null leaves one out
    token: undefined, // access_token instead of the right one
};

let faults = { ...NO_FAULTS, ...JSON.parse(process.env.FAULTS || '{}') };

function fail(message) {
    process.stderr.write(`${message}\n`);
    process.exit(2);
}

function log(fields) {
    process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...fields })}\n`);
}

function readConfig(env) {
    const missing = ['PORT', 'ROSTER_FILE', 'CLIENT_ID', 'CLIENT_SECRET_FILE', 'REDIRECT_URI', 'PASSWORD_FILE',
        'PARTNER_KEY_FILE'].filter((name) => !env[name]);
    if (missing.length > 0) {
        fail(`${missing.join(', ')}: not set.`);
    }
    const text = (path) => readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return {
        port: Number(env.PORT),
        listen: env.LISTEN || '127.0.0.1',
        clientId: env.CLIENT_ID,
        secret: text(env.CLIENT_SECRET_FILE),
        redirectUri: env.REDIRECT_URI,
        password: text(env.PASSWORD_FILE),
        // The partner's key; of a private one the public half is used.
        partnerKey: createPublicKey(readFileSync(env.PARTNER_KEY_FILE)),
        otherKey: env.OTHER_KEY_FILE ? createPublicKey(readFileSync(env.OTHER_KEY_FILE)) : undefined,
        // Account level of everybody: 2 is a verified account.
        level: env.LEVEL || '2',
    };
}

// Things that live for a while, the oldest going first when there are too many.
class Shelf {
    #things = new Map();

    put(value, ms) {
        const name = randomBytes(32).toString('base64url');
        this.putAs(name, value, ms);
        return name;
    }

    putAs(name, value, ms) {
        this.#things.set(name, { value, until: Date.now() + ms });
        if (this.#things.size > MOST) {
            this.#things.delete(this.#things.keys().next().value);
        }
    }

    get(name) {
        const thing = this.#things.get(name);
        return thing && thing.until > Date.now() ? thing.value : undefined;
    }

    take(name) {
        const value = this.get(name);
        this.#things.delete(name);
        return value;
    }
}

const forms = new Shelf();
const codes = new Shelf();
const tokens = new Shelf();
const answered = { token: undefined, userinfo: undefined };

// --- the box ---

function encrypt(bytes, key, padding) {
    const cipher = createCipheriv('aes-256-ecb', key, null);
    cipher.setAutoPadding(padding);
    return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

function wrap(publicKey, bytes) {
    return publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, bytes);
}

function plainWithBadPadding(plain) {
    const short = 16 - (plain.length % 16);
    return Buffer.concat([plain, Buffer.alloc(short - 1, 7), Buffer.from([short === 1 ? 17 : 0])]);
}

// The ciphertext of a lie.
function tampered(data, plain, key) {
    switch (faults.tamper) {
    case 'padding':
        return encrypt(plainWithBadPadding(plain), key, false);
    case 'nopad':
        return encrypt(Buffer.concat([plain, Buffer.alloc((16 - (plain.length % 16)) % 16, 0x20)]), key, false);
    case 'block': // of the middle, so that the padding stays
        data[16] ^= 1;
        return data;
    case 'swap': {
        const first = Buffer.from(data.subarray(0, 16));
        data.copy(data, 0, 16, 32);
        first.copy(data, 16);
        return data;
    }
    case 'odd':
        return data.subarray(0, data.length - 5);
    case 'zero':
        return Buffer.alloc(0);
    default:
        return data;
    }
}

function wrappedKey(config, key) {
    switch (faults.key) {
    case 'other':
        return wrap(config.otherKey, key);
    case 'short':
        return wrap(config.partnerKey, key.subarray(0, 31));
    case 'bits128':
        return wrap(config.partnerKey, key.subarray(0, 16));
    case 'garbage':
        return randomBytes(256);
    case 'truncated':
        return wrap(config.partnerKey, key).subarray(0, 255);
    default:
        return wrap(config.partnerKey, key);
    }
}

function lyingJson(value) {
    const text = JSON.stringify(value);
    switch (faults.json) {
    case 'doubled':
        return Buffer.from(`${text.slice(0, -1)},${JSON.stringify(Object.keys(value)[0])}:"999000000000"}`);
    case 'trailing':
        return Buffer.from(`${text}{}`);
    case 'latin1':
        return Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from(',"x":"'), Buffer.from([0xe9]),
            Buffer.from('"}')]);
    case 'array':
        return Buffer.from(`[${text}]`);
    case 'empty':
        return Buffer.alloc(0);
    case 'nul':
        return Buffer.from(`${text.slice(0, -1)},"x":"a\\u0000b"}`);
    default:
        return Buffer.from(text);
    }
}

// What an endpoint answers: the box, honest or not.
function box(config, value, where) {
    const lies = faults.where === where;
    if (faults.replay === where && answered[where]) {
        return answered[where];
    }
    const key = randomBytes(32);
    const plain = lies ? lyingJson(value) : Buffer.from(JSON.stringify(value));
    let data = encrypt(plain, key, true);
    if (lies) {
        data = tampered(data, plain, key);
        data = data.subarray(0, data.length - faults.truncate);
    }
    const wrapped = lies ? wrappedKey(config, key) : wrap(config.partnerKey, key);
    answered[where] = { data: data.toString('base64'), key: wrapped.toString('base64') };
    return answered[where];
}

// --- HTTP ---

function send(res, status, value) {
    const body = faults.html ? '<html><body>Bảo trì hệ thống</body></html>' : JSON.stringify(value);
    res.writeHead(faults.status || status, {
        'Content-Type': faults.html ? 'text/html; charset=utf-8' : 'application/json',
        'Cache-Control': 'no-store',
        'Content-Length': Buffer.byteLength(body),
    });
    res.end(body);
}

async function readBody(req) {
    const chunks = [];
    let size = 0;
    for await (const chunk of req) {
        size += chunk.length;
        if (size > MAX_BODY) {
            return undefined;
        }
        chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
}

function same(given, wanted) {
    const hash = (text) => createHash('sha256').update(text ?? '', 'utf8').digest();
    return timingSafeEqual(hash(given), hash(wanted));
}

// The browser comes, sent by the client.
function authorize(config, url, res) {
    const asked = Object.fromEntries(url.searchParams);
    if (asked.client_id !== config.clientId || asked.redirect_uri !== config.redirectUri) {
        sendPage(res, 400, errorPage(asked.client_id === config.clientId ? 'invalid_redirect_uri' : 'invalid_client',
            config.redirectUri));
        return;
    }
    const uid = forms.put({ state: asked.state ?? '', challenge: asked.code_challenge }, FORM_MS);
    sendPage(res, 200, loginPage({ uid, action: `/form/${uid}` }));
}

// A code as the real one is: base64, so that it may hold + and /.
function makeCode() {
    for (;;) {
        const code = randomBytes(30).toString('base64');
        if (!faults.code_plus || (code.includes('+') && code.includes('/'))) {
            return code;
        }
    }
}

function redirectBack(config, res, state, code) {
    // As some providers do: nothing is escaped but what would end the value.
    const parts = [`state=${encodeURIComponent(state)}`];
    if (faults.encrypt_code) {
        const key = randomBytes(32);
        const to = faults.encrypt_code_other_key ? config.otherKey : config.partnerKey;
        parts.push(`code=${encrypt(Buffer.from(code), key, true).toString('base64')}`);
        parts.push(`encrypt_key=${wrap(to, key).toString('base64')}`);
    } else {
        parts.push(`code=${code}`);
    }
    res.writeHead(303, { Location: `${config.redirectUri}?${parts.join('&')}`, 'Cache-Control': 'no-store' });
    res.end();
}

async function submitForm(config, roster, uid, req, res) {
    const login = forms.get(uid);
    const form = new URLSearchParams((await readBody(req)) ?? '');
    if (!login) {
        sendPage(res, 400, errorPage('expired', config.redirectUri));
        return;
    }
    const action = `/form/${uid}`;
    const number = (form.get('number') ?? '').replace(/[\s.]/g, '');
    if (!/^[0-9]{12}$/.test(number)) {
        sendPage(res, 422, loginPage({ uid, action, fault: 'format', number: number.slice(0, 20) }));
        return;
    }
    const account = roster.byNumber.get(number);
    const right = same(form.get('password'), config.password);
    if (!account || !right) {
        sendPage(res, 403, loginPage({ uid, action, fault: 'wrong', number }));
        return;
    }
    forms.take(uid);
    const code = makeCode();
    codes.putAs(code, { account, challenge: login.challenge }, CODE_MS);
    redirectBack(config, res, login.state, code);
}

async function token(config, req, res) {
    const form = new URLSearchParams((await readBody(req)) ?? '');
    if (!/^application\/x-www-form-urlencoded/.test(req.headers['content-type'] ?? '')) {
        send(res, 400, { error: 'invalid_request' });
        return;
    }
    if (form.get('client_id') !== config.clientId || !same(form.get('client_secret'), config.secret)) {
        send(res, 401, { error: 'invalid_client' });
        return;
    }
    const code = form.get('grant_type') === 'authorization_code' && form.get('redirect_uri') === config.redirectUri
        ? codes.take(form.get('code')) : undefined;
    const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
    if (!code || (code.challenge && code.challenge !== challenge)) {
        send(res, 400, { error: 'invalid_grant' });
        return;
    }
    const access = faults.token ?? tokens.put(code.account, TOKEN_MS);
    send(res, 200, box(config, { access_token: access, token_type: 'Bearer', expires_in: TOKEN_MS / 1000 }, 'token'));
}

function userinfo(config, req, res) {
    const account = tokens.get((req.headers.authorization ?? '').replace(/^Bearer /, ''));
    if (!account) {
        send(res, 401, { error: 'invalid_token' });
        return;
    }
    const claims = {
        citizenPid: account.number,
        fullName: account.name,
        birthDate: account.birthdate.split('-').reverse().join('/'),
        accountType: 'PERSONAL',
        accountLevel: config.level,
        ...faults.claims,
    };
    for (const [name, value] of Object.entries(claims)) {
        if (value === null) {
            delete claims[name];
        }
    }
    send(res, 200, box(config, claims, 'userinfo'));
}

async function route(config, roster, req, res) {
    const url = new URL(req.url, 'http://localhost');
    const form = /^\/form\/([A-Za-z0-9_-]{20,100})$/.exec(url.pathname);
    if (req.method === 'GET' && url.pathname === '/health') {
        res.writeHead(200, { 'Content-Type': 'application/json' });
        res.end('{"status":"ok"}\n');
    } else if (req.method === 'POST' && url.pathname === '/faults' && process.env.FAULTS_BY_HTTP === 'yes') {
        faults = { ...NO_FAULTS, ...JSON.parse((await readBody(req)) || '{}') };
        res.writeHead(204);
        res.end();
    } else if (faults.down) {
        res.writeHead(503);
        res.end();
    } else if (req.method === 'GET' && url.pathname === '/authorize') {
        authorize(config, url, res);
    } else if (req.method === 'POST' && form) {
        await submitForm(config, roster, form[1], req, res);
    } else if (url.pathname === '/token' || url.pathname === '/userinfo') {
        await new Promise((resolve) => { setTimeout(resolve, faults.slow_ms); });
        if (url.pathname === '/token' && req.method === 'POST') {
            await token(config, req, res);
        } else if (url.pathname === '/userinfo' && req.method === 'GET') {
            userinfo(config, req, res);
        } else {
            res.writeHead(405).end();
        }
    } else {
        res.writeHead(404).end();
    }
}

function start() {
    const config = readConfig(process.env);
    const roster = loadRoster(process.env.ROSTER_FILE, 'vneid', config.clientId);
    const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (req, res) => {
        res.once('close', () => {
            const path = req.url.split('?', 1)[0].replace(/^\/form\/.*/, '/form/:uid');
            log({ method: req.method, path: /^[a-z/:]{1,40}$/.test(path) ? path : '(other)',
                status: res.writableFinished ? res.statusCode : 499 });
        });
        route(config, roster, req, res).catch((error) => {
            log({ event: 'server_error', error: error.name });
            res.destroy();
        });
    });
    server.keepAliveTimeout = 65_000;
    server.on('error', (error) => fail(`Cannot listen on ${config.listen}:${config.port} (${error.code}).`));
    server.listen({ host: config.listen, port: config.port, backlog: 1024 }, () => {
        log({ event: 'listening', address: `${config.listen}:${config.port}`, accounts: roster.byNumber.size });
    });
    for (const signal of ['SIGTERM', 'SIGINT']) {
        process.once(signal, () => {
            server.close(() => process.exit(0));
            server.closeIdleConnections();
            setTimeout(() => server.closeAllConnections(), 2000).unref();
        });
    }
    process.stdout.on('error', () => {});
}

try {
    start();
} catch (error) {
    fail(error.message);
}
