// The demonstration identity provider: starts it, and stops it without cutting off a request (SIGTERM, SIGINT).
// README.md tells what it is for and how it is configured.

import { createServer } from 'node:http';

import { readConfig } from './config.mjs';
import { createFront } from './front.mjs';
import { loadKeys } from './keys.mjs';
import { createLogin } from './login.mjs';
import { createProvider } from './provider.mjs';
import { loadRoster } from './roster.mjs';

// The provider is for demonstrations on one machine. Only a container, whose port is published on the loopback address of
// its host, says otherwise.
const LISTEN = process.env.LISTEN || '127.0.0.1';
const DRAIN_MS = 10_000;

function log(fields) {
    process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...fields })}\n`);
}

function fail(message) {
    process.stderr.write(`${message}\n`);
    process.exit(2);
}

function start() {
    const config = readConfig(process.env);
    const keys = loadKeys(config.keysFile);
    const roster = loadRoster(config.rosterFile, keys.subjectKey, config.clientId);
    const provider = createProvider(config, keys, roster, log);
    const login = createLogin(provider, config, roster);
    return { config, accounts: roster.bySub.size, front: createFront(config, provider, login, log) };
}

function drain(server) {
    log({ event: 'draining' });
    // From now on each answer closes its connection; those that wait idle are closed at once.
    server.prependListener('request', (req, res) => res.setHeader('Connection', 'close'));
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
        clearInterval(idle);
        clearTimeout(force);
        log({ event: 'stopped' });
    });
    server.closeIdleConnections();
}

let started;
try {
    started = start();
} catch (error) {
    fail(error.message);
}
const { config, accounts, front } = started;

const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, front);
// Longer than the keep-alive of the clients, so that it is they who close, never we while they send.
server.keepAliveTimeout = 65_000;
server.on('error', (error) => {
    fail(error.code === 'EADDRINUSE'
        ? `PORT ${config.port} is taken: stop what listens there, or choose another PORT and ISSUER.`
        : `Cannot listen on ${LISTEN}:${config.port} (${error.code}).`);
});
server.listen({ host: LISTEN, port: config.port, backlog: 1024 }, () => {
    log({ event: 'listening', address: `${LISTEN}:${config.port}`, issuer: config.issuer, accounts });
});

// A log reader that went away must not take the provider with it.
process.stdout.on('error', () => {});
for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => drain(server));
}
