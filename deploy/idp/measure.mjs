// Measures how many whole logins a second the provider serves, and what each costs it.
//
//   node measure.mjs [logins] [at once]
//
// The client runs on the same machine, so the rate is that of both together; processor time and memory are the
// provider's alone, read from /proc (Linux).

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { ProviderProcess, readPeople, wholeLogin } from './flow-client.mjs';

const logins = Number(process.argv[2] ?? 2000);
const atOnce = Number(process.argv[3] ?? 50);

function cpuSeconds(pid) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
    const ticks = Number(execFileSync('getconf', ['CLK_TCK']));
    return (Number(fields[11]) + Number(fields[12])) / ticks;
}

function residentMb(pid) {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

async function run(issuer, people, count) {
    let next = 0;
    const times = [];
    await Promise.all(Array.from({ length: atOnce }, async () => {
        while (next < count) {
            const person = people[next++ % people.length];
            const begin = performance.now();
            await wholeLogin(issuer, person.number);
            times.push(performance.now() - begin);
        }
    }));
    return times.sort((a, b) => a - b);
}

const provider = new ProviderProcess(process.env.ID_TOKEN_ALG ? { ID_TOKEN_ALG: process.env.ID_TOKEN_ALG } : {});
try {
    await provider.start();
    const { pid } = provider.child;
    const people = readPeople();
    await run(provider.issuer, people, Math.min(logins, 200)); // Warms up the compiler.

    const cpu = cpuSeconds(pid);
    const begin = performance.now();
    const times = await run(provider.issuer, people, logins);
    const seconds = (performance.now() - begin) / 1000;
    const cpuMs = (cpuSeconds(pid) - cpu) * 1000 / logins;
    console.log(`${logins} logins, ${atOnce} at once: ${(logins / seconds).toFixed(0)} logins/s,`
        + ` p50 ${times[logins >> 1].toFixed(0)} ms, p99 ${times[Math.floor(logins * 0.99)].toFixed(0)} ms,`
        + ` ${cpuMs.toFixed(1)} ms processor time a login, ${residentMb(pid).toFixed(0)} MB resident`);
} finally {
    await provider.close();
}
