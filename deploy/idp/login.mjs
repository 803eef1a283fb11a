// The login interaction: shows the form, checks number and password, and hands the person back to the provider.

import { createHash, timingSafeEqual } from 'node:crypto';

import { errors } from 'oidc-provider';

import { errorPage, loginPage, sendPage } from './pages.mjs';
import { LEVEL } from './provider.mjs';

const MAX_BODY = 4096;

// Compared as hashes: equal lengths, so that the time taken tells nothing about the password.
function samePassword(given, wanted) {
    const hash = (text) => createHash('sha256').update(text, 'utf8').digest();
    return timingSafeEqual(hash(given), hash(wanted));
}

// Returns the form's fields, or undefined if the body is no small form.
async function readForm(req) {
    if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(req.headers['content-type'] ?? '')) {
        return undefined;
    }
    const chunks = [];
    let size = 0;
    for await (const chunk of req) {
        size += chunk.length;
        if (size > MAX_BODY) {
            return undefined;
        }
        chunks.push(chunk);
    }
    return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

// Returns a handler (req, res, uid) for the pages under /interaction/.
export function createLogin(provider, config, roster) {
    async function answer(req, res, uid) {
        // Found by the signed cookie that the provider set for this path; the address alone opens nothing.
        const interaction = await provider.interactionDetails(req, res);
        if (interaction.uid !== uid || interaction.prompt.name !== 'login') {
            throw new errors.SessionNotFound();
        }
        if (req.method !== 'POST') {
            sendPage(res, 200, loginPage({ uid }));
            return;
        }

        const form = await readForm(req);
        if (!form) {
            res.setHeader('Connection', 'close');
            sendPage(res, 400, errorPage('invalid_request', config.redirectUri));
            return;
        }
        // Printed numbers are often grouped with spaces or dots.
        const number = (form.get('number') ?? '').replace(/[\s.]/g, '');
        if (!/^[0-9]{12}$/.test(number)) {
            sendPage(res, 422, loginPage({ uid, fault: 'format', number: number.slice(0, 20) }));
            return;
        }
        const account = roster.byNumber.get(number);
        const passwordRight = samePassword(form.get('password') ?? '', config.password);
        if (!account || !passwordRight) {
            // One answer for both, so that the form does not tell which numbers exist.
            sendPage(res, 403, loginPage({ uid, fault: 'wrong', number }));
            return;
        }
        await provider.interactionFinished(req, res, {
            login: { accountId: account.sub, acr: LEVEL, amr: ['pwd'], remember: false },
        }, { mergeWithLastSubmission: false });
    }

    return async function login(req, res, uid) {
        try {
            await answer(req, res, uid);
        } catch (error) {
            if (!(error instanceof errors.SessionNotFound)) {
                throw error;
            }
            sendPage(res, 400, errorPage('expired', config.redirectUri));
        }
    };
}
