// The HTTP front: sends each request to health, login form or provider, and writes one log line for it.

import { errorPage, sendPage } from './pages.mjs';

// A path is logged only if it cannot hold a secret: the ids of a login are replaced, and an unknown path with digits or
// escapes in it, which may be anything that somebody typed, is not told.
function loggedPath(path) {
    const known = path.replace(/^\/(auth|interaction)\/[^/]+$/, '/$1/:uid');
    return /^[A-Za-z_.:/-]{1,100}$/.test(known) ? known : '(other)';
}

// Every login starts without the provider's session of an earlier one, which is only good for logging out. So the form is shown each time, a demonstration
// can change persons, and two logins in two tabs do not disturb each other.
function withoutSession(cookies) {
    return cookies.split(';').filter((cookie) => !/^\s*idp_session(\.sig)?=/.test(cookie)).join(';');
}

// Returns a request listener. provider and login as of createProvider() and createLogin(); log(fields) writes one line.
export function createFront(config, provider, login, log) {
    const { host, protocol } = new URL(config.issuer);
    const serveProvider = provider.callback();

    return async function front(req, res) {
        const begin = process.hrtime.bigint();
        const path = req.url.split('?', 1)[0];
        res.once('close', () => {
            const ms = Number(process.hrtime.bigint() - begin) / 1e6;
            log({
                method: req.method,
                path: loggedPath(path),
                // 499: the client went away before its answer was complete.
                status: res.writableFinished ? res.statusCode : 499,
                ms: Math.round(ms * 100) / 100,
            });
        });

        // All addresses are made from the issuer, whatever the request claims about host and scheme.
        req.headers.host = host;
        req.headers['x-forwarded-proto'] = protocol.slice(0, -1);
        delete req.headers['x-forwarded-host'];
        if (req.headers.cookie && !path.startsWith('/session/')) {
            req.headers.cookie = withoutSession(req.headers.cookie);
        }

        try {
            const interaction = /^\/interaction\/([A-Za-z0-9_-]+)$/.exec(path);
            if (path === '/health') {
                res.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
                res.end('{"status":"ok"}\n');
            } else if (interaction && (req.method === 'GET' || req.method === 'POST')) {
                await login(req, res, interaction[1]);
            } else {
                await serveProvider(req, res);
            }
        } catch (error) {
            log({ event: 'server_error', error: error.name, at: error.stack?.split('\n')[1]?.trim() });
            if (res.headersSent) {
                res.destroy();
            } else {
                sendPage(res, 500, errorPage('server_error', config.redirectUri));
            }
        }
    };
}
