// The provider's configuration: environment variables and the files they name, checked before anything starts.
// Every fault is collected, so that one failed start tells everything that is missing.

import { readFileSync } from 'node:fs';

function readSecret(env, name, faults) {
    const path = env[name];
    if (!path) {
        faults.push(`${name} is not set: give the path of a file that holds the secret.`);
        return undefined;
    }
    try {
        return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
        faults.push(`${name}: cannot read ${path} (${error.code}).`);
        return undefined;
    }
}

function readUrl(env, name, faults) {
    try {
        const url = new URL(env[name]);
        if (url.protocol === 'http:' || url.protocol === 'https:') {
            return url;
        }
    } catch {
        // Told below, together with the wrong scheme.
    }
    faults.push(`${name} must be an absolute http or https URL.`);
    return undefined;
}

// Returns the configuration, or throws an Error whose message has one line per fault.
export function readConfig(env) {
    const faults = [];

    const port = Number(env.PORT);
    if (!/^[0-9]{1,5}$/.test(env.PORT ?? '') || port < 1 || port > 65535) {
        faults.push('PORT must be a number from 1 to 65535.');
    }

    const issuer = readUrl(env, 'ISSUER', faults);
    if (issuer && env.ISSUER !== issuer.origin) {
        faults.push('ISSUER must be scheme, host and port only, without a path or a slash at the end.');
    }

    const redirectUri = readUrl(env, 'REDIRECT_URI', faults);
    if (redirectUri?.hash) {
        faults.push('REDIRECT_URI must not have a fragment.');
    }

    const backchannelLogoutUri = env.BACKCHANNEL_LOGOUT_URI ? readUrl(env, 'BACKCHANNEL_LOGOUT_URI', faults) : undefined;
    const postLogoutUri = env.POST_LOGOUT_URI ? readUrl(env, 'POST_LOGOUT_URI', faults) : undefined;

    // Only characters that mean the same with and without form encoding, because HTTP clients disagree on whether the
    // two halves of Basic authentication are encoded.
    if (!/^[A-Za-z0-9._~-]{1,100}$/.test(env.CLIENT_ID ?? '')) {
        faults.push('CLIENT_ID must be 1 to 100 letters, digits or one of . _ ~ -');
    }
    const clientSecret = readSecret(env, 'CLIENT_SECRET_FILE', faults);
    if (clientSecret !== undefined && !/^[A-Za-z0-9._~-]{16,200}$/.test(clientSecret)) {
        faults.push('CLIENT_SECRET_FILE must hold 16 to 200 letters, digits or any of . _ ~ -');
    }

    const password = readSecret(env, 'PASSWORD_FILE', faults);
    if (password !== undefined && (password.length < 4 || password.length > 200)) {
        faults.push('PASSWORD_FILE must hold a password of 4 to 200 characters.');
    }

    const idTokenAlg = env.ID_TOKEN_ALG || 'ES256';
    if (idTokenAlg !== 'ES256' && idTokenAlg !== 'RS256') {
        faults.push('ID_TOKEN_ALG must be ES256 or RS256.');
    }

    for (const name of ['ROSTER_FILE', 'KEYS_FILE']) {
        if (!env[name]) {
            faults.push(`${name} is not set: give the path of a file.`);
        }
    }

    if (faults.length > 0) {
        throw new Error(faults.join('\n'));
    }
    return {
        port,
        issuer: issuer.origin,
        redirectUri: redirectUri.href,
        backchannelLogoutUri: backchannelLogoutUri?.href,
        postLogoutUri: postLogoutUri?.href,
        clientId: env.CLIENT_ID,
        clientSecret,
        password,
        idTokenAlg,
        rosterFile: env.ROSTER_FILE,
        keysFile: env.KEYS_FILE,
    };
}
