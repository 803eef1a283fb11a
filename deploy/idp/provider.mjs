// The OpenID provider: oidc-provider configured for one first-party client, the authorization code flow with PKCE, and
// nothing else.

import Provider from 'oidc-provider';

import { errorPage, loggedOutPage, logoutPage, PAGE_HEADERS } from './pages.mjs';
import { createStore } from './store.mjs';

export const SCOPE = 'openid profile_vn';

// The level of assurance that the real service would report for a verified account.
export const LEVEL = '2';

function claimsOf(account) {
    return {
        sub: account.sub,
        SoDinhDanh: account.number,
        HoVaTen: account.name,
        birthdate: account.birthdate,
        acr: LEVEL,
        assurance: LEVEL,
    };
}

// config as of readConfig(), keys as of loadKeys(), roster as of loadRoster(), log(fields) writes one line.
export function createProvider(config, keys, roster, log) {
    const store = createStore();
    const provider = new Provider(config.issuer, {
        adapter: store,
        jwks: keys.jwks,
        clients: [{
            client_id: config.clientId,
            client_secret: config.clientSecret,
            redirect_uris: [config.redirectUri],
            response_types: ['code'],
            grant_types: ['authorization_code'],
            token_endpoint_auth_method: 'client_secret_basic',
            id_token_signed_response_alg: config.idTokenAlg,
            ...(config.postLogoutUri && { post_logout_redirect_uris: [config.postLogoutUri] }),
            // The ID token names the session, and so does the message when this session ends.
            ...(config.backchannelLogoutUri && {
                backchannel_logout_uri: config.backchannelLogoutUri,
                backchannel_logout_session_required: true,
            }),
        }],
        clientAuthMethods: ['client_secret_basic'],
        clientBasedCORS: () => false,
        responseTypes: ['code'],
        subjectTypes: ['public'],
        scopes: ['openid', 'profile_vn'],
        claims: {
            openid: ['sub'],
            profile_vn: ['SoDinhDanh', 'HoVaTen', 'birthdate', 'acr', 'assurance'],
        },
        acrValues: [LEVEL],
        // The portal that this stands for puts the person's number into the id_token, not only into userinfo.
        conformIdTokenClaims: false,
        enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256'] },
        pkce: { methods: ['S256'], required: () => true },
        allowOmittingSingleRegisteredRedirectUri: false,
        features: {
            devInteractions: { enabled: false },
            pushedAuthorizationRequests: { enabled: false },
            resourceIndicators: { enabled: false },
            backchannelLogout: { enabled: true },
            rpInitiatedLogout: {
                enabled: true,
                logoutSource(ctx, form) {
                    ctx.set(PAGE_HEADERS);
                    ctx.body = logoutPage(/action="([^"]*)"/.exec(form)[1], /value="([^"]*)"/.exec(form)[1]);
                },
                postLogoutSuccessSource(ctx) {
                    ctx.set(PAGE_HEADERS);
                    ctx.body = loggedOutPage(config.redirectUri);
                },
            },
        },
        routes: { authorization: '/auth', token: '/token', userinfo: '/userinfo', jwks: '/jwks', end_session: '/session/end' },

        findAccount(ctx, sub) {
            const account = roster.bySub.get(sub);
            return account && { accountId: sub, claims: () => claimsOf(account) };
        },

        // Our own client needs no consent screen: the grant is made on the spot.
        async loadExistingGrant(ctx) {
            const grant = new ctx.oidc.provider.Grant({
                accountId: ctx.oidc.account.accountId,
                clientId: ctx.oidc.client.clientId,
            });
            grant.addOIDCScope(SCOPE);
            await grant.save();
            return grant;
        },

        interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },

        // Tokens do not hang on the provider's session, which is for logging out only (see front.mjs).
        expiresWithSession: () => false,

        // Seconds. A person has ten minutes for the form; all that comes after is between machines.
        ttl: {
            Interaction: 600,
            Session: 8 * 3600, // of work: as long can a person log out here
            AuthorizationCode: 60,
            AccessToken: 120,
            IdToken: 300,
            Grant: 180,
        },

        cookies: {
            keys: keys.cookieKeys,
            // Cookies know no ports, so these must not be mistaken for cookies of the portal on the same host.
            names: { session: 'idp_session', interaction: 'idp_interaction', resume: 'idp_resume' },
            long: { signed: true, httpOnly: true, sameSite: 'lax' },
            short: { signed: true, httpOnly: true, sameSite: 'lax' },
        },

        renderError(ctx, out, error) {
            ctx.set(PAGE_HEADERS);
            ctx.body = errorPage(error.name === 'SessionNotFound' ? 'expired' : out.error, config.redirectUri);
        },
    });

    // Behind a TLS edge the scheme comes from X-Forwarded-Proto, which front.mjs sets from the issuer.
    provider.proxy = config.issuer.startsWith('https:');

    // Sessions of other browsers, when the person wants to end them all: a message that names the account alone.
    provider.on('end_session.success', (ctx) => {
        const { accountId } = ctx.oidc.session ?? {};
        if (!accountId || ctx.oidc.body?.everywhere !== 'yes') {
            return;
        }
        store.endSessions(accountId);
        provider.Client.find(config.clientId)
            .then((client) => client.backchannelLogoutUri && client.backchannelLogout(accountId))
            .catch((error) => log({ event: 'backchannel_error', error: error.name }));
    });
    // Who was to be told and was not there is not told again, as with most real providers.
    provider.on('backchannel.error', (ctx, error) => log({ event: 'backchannel_error', error: error.name }));

    provider.on('server_error', (ctx, error) => {
        // The message may quote input, so only its kind and place are told.
        log({ event: 'server_error', error: error.name, at: error.stack?.split('\n')[1]?.trim() });
    });
    return provider;
}
