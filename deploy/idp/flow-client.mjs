// A client of the provider as test.mjs and measure.mjs need it: starts a provider of its own in a temporary folder, and
// goes through a login as a browser (cookie jar, real redirects) and a relying party (PKCE, token request) would.

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));

export const ROSTER_FILE = join(HERE, '../sample/roster.csv');
export const PASSWORD = 'mật khẩu trình diễn';
export const CLIENT = { id: 'hocvu', secret: randomBytes(24).toString('base64url') };
export const REDIRECT_URI = 'http://127.0.0.1:9/v1/login/callback';

// People of the roster, without its header. The columns that the tests look at hold no commas.
export function readPeople() {
    return readFileSync(ROSTER_FILE, 'utf8').trim().split('\n').slice(1).map((line) => {
        const [number, name, birthdate] = line.split(',');
        return { number, name, birthdate };
    });
}

export async function freePort() {
    const server = createServer();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}

// A provider process in its own folder. `env` overrides variables. close() ends it and removes the folder.
export class ProviderProcess {
    constructor(env = {}) {
        this.folder = mkdtempSync(join(tmpdir(), 'hocvu-idp-'));
        this.env = env;
        this.output = '';
        writeFileSync(join(this.folder, 'secret'), `${CLIENT.secret}\n`, { mode: 0o600 });
        writeFileSync(join(this.folder, 'password'), `${PASSWORD}\n`, { mode: 0o600 });
    }

    async start() {
        this.port ??= await freePort();
        this.issuer = `http://127.0.0.1:${this.port}`;
        this.child = spawn(process.execPath, [join(HERE, 'server.mjs')], {
            env: {
                PATH: process.env.PATH,
                PORT: String(this.port),
                ISSUER: this.issuer,
                ROSTER_FILE,
                CLIENT_ID: CLIENT.id,
                CLIENT_SECRET_FILE: join(this.folder, 'secret'),
                REDIRECT_URI,
                KEYS_FILE: join(this.folder, 'keys.json'),
                PASSWORD_FILE: join(this.folder, 'password'),
                ...this.env,
            },
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        const ended = new Promise((resolve) => this.child.once('exit', (code, signal) => resolve({ code, signal })));
        this.ended = ended;
        const listening = new Promise((resolve) => {
            const take = (chunk) => {
                this.output += chunk;
                if (this.output.includes('"listening"')) {
                    resolve();
                }
            };
            this.child.stdout.on('data', take);
            this.child.stderr.on('data', take);
        });
        const first = await Promise.race([listening, ended]);
        if (first) {
            throw new Error(`The provider did not start (exit ${first.code}): ${this.output}`);
        }
    }

    // Ends the process and returns { code, signal } of its end.
    async stop(signal = 'SIGTERM') {
        this.child.kill(signal);
        return this.ended;
    }

    async close() {
        if (this.child && this.child.exitCode === null && this.child.signalCode === null) {
            await this.stop('SIGKILL');
        }
        rmSync(this.folder, { recursive: true, force: true });
    }
}

// Debian's Node 18 has no getSetCookie: there the lines come joined by ", ", which also stands within dates.
function setCookies(headers) {
    return headers.getSetCookie?.() ?? headers.get('set-cookie')?.split(/, (?=[^;,= ]+=)/) ?? [];
}

// Cookies of one browser: by name and path, sent where the path fits.
class CookieJar {
    #cookies = new Map();

    take(response) {
        for (const line of setCookies(response.headers)) {
            const [pair, ...attributes] = line.split(/; */);
            const at = pair.indexOf('=');
            const name = pair.slice(0, at);
            const find = (key) => attributes.find((a) => a.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
            const path = find('path') ?? '/';
            const expires = find('expires');
            if (expires && Date.parse(expires) <= Date.now()) {
                this.#cookies.delete(`${name} ${path}`);
            } else {
                this.#cookies.set(`${name} ${path}`, { name, path, value: pair.slice(at + 1) });
            }
        }
    }

    header(url) {
        const { pathname } = new URL(url);
        return [...this.#cookies.values()]
            .filter(({ path }) => path === '/' || pathname === path || pathname.startsWith(`${path}/`))
            .map(({ name, value }) => `${name}=${value}`)
            .join('; ');
    }
}

// One person's browser.
export class Browser {
    #jar = new CookieJar();

    // One request; redirects that stay at the provider are followed, and the first answer that leads elsewhere or shows
    // a page is returned as { status, url, location, text }.
    async go(url, form) {
        let next = { url, method: form ? 'POST' : 'GET', body: form && new URLSearchParams(form) };
        for (let hops = 0; hops < 10; hops++) {
            const response = await fetch(next.url, {
                method: next.method,
                body: next.body,
                redirect: 'manual',
                headers: { Accept: 'text/html', Cookie: this.#jar.header(next.url) },
            });
            this.#jar.take(response);
            const text = await response.text();
            const location = response.headers.get('location');
            const target = location && new URL(location, next.url);
            if (!target || target.origin !== new URL(url).origin) {
                return { status: response.status, url: next.url, location: target?.href, text };
            }
            next = { url: target.href, method: 'GET', body: undefined };
        }
        throw new Error('too many redirects');
    }
}

// The start of a login: a fresh verifier, state and nonce, and the address to send the browser to.
export function newRequest(issuer, overrides = {}) {
    const verifier = randomBytes(32).toString('base64url');
    const params = {
        client_id: CLIENT.id,
        redirect_uri: REDIRECT_URI,
        response_type: 'code',
        scope: 'openid profile_vn',
        state: randomBytes(16).toString('base64url'),
        nonce: randomBytes(16).toString('base64url'),
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...overrides,
    };
    const query = Object.entries(params).filter(([, value]) => value !== undefined);
    return { verifier, ...params, url: `${issuer}/auth?${new URLSearchParams(query)}` };
}

// Fills in the form that `page` shows and returns what comes after it.
export function submitForm(browser, page, number, password = PASSWORD) {
    const action = /<form method="post" action="([^"]+)">/.exec(page.text)?.[1];
    if (!action) {
        throw new Error(`no login form: ${page.status} ${page.text.slice(0, 300)}`);
    }
    return browser.go(new URL(action, page.url).href, { number, password });
}

// The code exchange. Returns { status, ...members of the answer }.
export async function exchange(issuer, code, verifier, secret = CLIENT.secret) {
    const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { Authorization: `Basic ${Buffer.from(`${CLIENT.id}:${secret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI,
            code_verifier: verifier }),
    });
    return { status: response.status, ...await response.json() };
}

export async function userinfo(issuer, accessToken) {
    const response = await fetch(`${issuer}/userinfo`, { headers: { Authorization: `Bearer ${accessToken}` } });
    return response.json();
}

// The browser's part of a login. Returns { code, request }.
export async function logIn(issuer, number, browser = new Browser()) {
    const request = newRequest(issuer);
    const page = await browser.go(request.url);
    const end = await submitForm(browser, page, number);
    const answer = end.location && new URL(end.location);
    if (!answer || answer.searchParams.get('state') !== request.state || !answer.searchParams.has('code')) {
        throw new Error(`no code came back: ${end.status} ${end.location ?? end.text.slice(0, 300)}`);
    }
    return { code: answer.searchParams.get('code'), request };
}

// A whole login. Returns { tokens, claims, request }, where claims is what userinfo told.
export async function wholeLogin(issuer, number, browser) {
    const { code, request } = await logIn(issuer, number, browser);
    const tokens = await exchange(issuer, code, request.verifier);
    if (tokens.status !== 200) {
        throw new Error(`no tokens: ${tokens.status} ${tokens.error}`);
    }
    return { tokens, claims: await userinfo(issuer, tokens.access_token), request };
}
