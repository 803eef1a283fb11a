// receiver.mjs - a receiver of national sync as an integrator would write it, with Node's own modules alone: it checks
// the signature over the raw body, counts by idempotency key, and misbehaves as the path asks. One JSON line about each
// request goes to LOG before the answer; `port N` to standard output.
//
// Environment: KEY, KEY_ID; LOG; PORT (any free one without it); TLS_CERT and TLS_KEY (files) for https.
// Paths: /ok and /too, /500, /slow, /lost (has it, but the answer is lost), /refuse, /conflict, /unknown, /later, /redirect,
// /endless, /hangup, /once500 (each key fails once), /poison (what holds the word POISON fails).
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { appendFileSync, readFileSync } from "node:fs";

const seen = new Map(); // idempotency key -> times

function verified(headers, raw) {
    const want = Buffer.from("sha256=" + createHmac("sha256", process.env.KEY).update(raw).digest("hex"));
    const got = Buffer.from(headers["x-hocvu-signature"] ?? "");
    return headers["x-hocvu-key"] === process.env.KEY_ID && got.length === want.length && timingSafeEqual(got, want);
}

const answers = {
    "/ok": () => [200, {}],
    "/too": () => [200, {}],
    "/500": () => [500, { error: "cannot write row 079200000001" }],
    "/once500": (key, times) => times === 1 ? [503, {}] : [200, {}],
    "/lost": (key, times) => times === 1 ? null : [409, { item_id: key, error: "duplicate" }],
    "/refuse": () => [422, { error: "no such unit" }],
    "/conflict": () => [409, { error: "somebody else's" }],
    "/unknown": () => [401, { error: "key" }],
    "/later": (key, times) => times === 1 ? [429, {}, { "Retry-After": "3600" }] : [200, {}],
    "/redirect": () => [307, {}, { Location: "/ok" }],
    "/hangup": () => null,
};

function handle(request, response) {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
        const raw = Buffer.concat(chunks);
        const key = request.headers["idempotency-key"];
        const good = verified(request.headers, raw);
        const times = (seen.get(key) ?? 0) + 1;
        if (good)
            seen.set(key, times);
        const path = good ? request.url : "/unverified";
        appendFileSync(process.env.LOG, JSON.stringify({ path, key, times, type: request.headers["content-type"],
            body: raw.toString() }) + "\n");
        if (path === "/slow")
            return; // the caller gives up
        if (path === "/endless") {
            response.writeHead(200);
            const more = () => { while (response.write("x".repeat(65536))); };
            response.on("drain", more);
            return more();
        }
        const poison = path === "/poison" ? [raw.includes("POISON") ? 500 : 200, {}] : undefined;
        const answer = poison ?? (answers[path] ?? (() => [401, { error: "signature" }]))(key, times);
        if (!answer)
            return request.socket.destroy();
        const [status, body, headers] = answer;
        response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
    });
}

const server = process.env.TLS_CERT
    ? createTlsServer({ cert: readFileSync(process.env.TLS_CERT), key: readFileSync(process.env.TLS_KEY) }, handle)
    : createServer(handle);
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => console.log(`port ${server.address().port}`));
