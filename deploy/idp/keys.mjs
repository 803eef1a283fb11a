// The provider's own keys: signing keys (one RS256, one ES256), cookie keys, and the key that makes `sub` values.
// They live in one JSON file, made on the first start and kept afterwards, so that tokens and subjects survive a
// restart.

import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';

function signingKey(alg) {
    const { privateKey } = alg === 'RS256'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = privateKey.export({ format: 'jwk' });
    // RFC 7638: the key's name is the hash of its public members in this order.
    const publicPart = jwk.kty === 'RSA'
        ? { e: jwk.e, kty: jwk.kty, n: jwk.n }
        : { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y };
    const kid = createHash('sha256').update(JSON.stringify(publicPart)).digest('base64url');
    return { ...jwk, kid, alg, use: 'sig' };
}

function makeKeys() {
    return {
        jwks: { keys: [signingKey('ES256'), signingKey('RS256')] },
        cookie_keys: [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')],
        subject_key: randomBytes(32).toString('base64url'),
    };
}

// Writes aside and links into place: the file is never half written, and of two first starts one wins for both.
function createFile(path) {
    const aside = `${path}.${process.pid}.new`;
    const fd = openSync(aside, 'wx', 0o600);
    try {
        writeSync(fd, `${JSON.stringify(makeKeys(), null, 2)}\n`);
        fsyncSync(fd);
        linkSync(aside, path);
    } catch (error) {
        if (error.code !== 'EEXIST') {
            throw error;
        }
    } finally {
        closeSync(fd);
        unlinkSync(aside);
    }
}

// Returns { jwks, cookieKeys, subjectKey } of the file, which is created if it is missing.
export function loadKeys(path) {
    let stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) {
        createFile(path);
        stat = statSync(path);
    }
    if (stat.mode & 0o077) {
        throw new Error(`KEYS_FILE ${path} can be read by others: run chmod 600 on it.`);
    }

    let keys;
    try {
        keys = JSON.parse(readFileSync(path, 'utf8'));
    } catch (error) {
        // The parser's own message may quote the file, which holds private keys.
        throw new Error(`KEYS_FILE ${path} cannot be read as JSON (${error.code ?? error.name}).`);
    }
    const algs = keys.jwks?.keys?.map((key) => key.alg) ?? [];
    if (!algs.includes('RS256') || !algs.includes('ES256') || !keys.cookie_keys?.length || !keys.subject_key) {
        throw new Error(`KEYS_FILE ${path} lacks a key: remove the file, and the next start makes a new one.`);
    }
    return { jwks: keys.jwks, cookieKeys: keys.cookie_keys, subjectKey: keys.subject_key };
}
