// The people who can log in: the roster file, found by national ID when they log in and by `sub` afterwards.

import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

// Splits CSV text (RFC 4180: quoted fields may hold commas, line ends and doubled quotes) into rows of fields.
function parseCsv(text) {
    const rows = [];
    let row = [];
    const field = /"((?:[^"]|"")*)"(,|\r?\n|$)|([^",\r\n]*)(,|\r?\n|$)/y;
    while (field.lastIndex < text.length) {
        const match = field.exec(text);
        if (!match) {
            throw new Error(`not CSV after row ${rows.length}`);
        }
        const [, quoted, afterQuoted, plain, afterPlain] = match;
        row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
        if ((afterQuoted ?? afterPlain) !== ',') {
            rows.push(row);
            row = [];
        }
    }
    if (row.length > 0) {
        rows.push([...row, '']);
    }
    return rows;
}

// Reads the roster. The `sub` of a person is a keyed hash of client and number: the same at every login, different for
// another client, and nothing about the number can be read from it.
// Returns { byNumber, bySub }, two Maps of the same accounts { sub, number, name, birthdate }.
export function loadRoster(path, subjectKey, clientId) {
    let rows;
    try {
        rows = parseCsv(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
    } catch (error) {
        throw new Error(`ROSTER_FILE ${path}: ${error.code ?? error.message}.`);
    }
    const header = rows.shift() ?? [];
    const [numberAt, nameAt, birthAt] = ['national_id', 'full_name', 'birth_date'].map((name) => {
        const at = header.indexOf(name);
        if (at < 0) {
            throw new Error(`ROSTER_FILE ${path}: no column ${name}.`);
        }
        return at;
    });

    const byNumber = new Map();
    const bySub = new Map();
    rows.forEach((row, index) => {
        const number = row[numberAt];
        const name = row[nameAt];
        const birthdate = row[birthAt];
        // Faults name the row, never the number.
        if (!/^[0-9]{12}$/.test(number) || !name || !/^\d{4}-\d{2}-\d{2}$/.test(birthdate) || byNumber.has(number)) {
            throw new Error(`ROSTER_FILE ${path}: row ${index + 2} has no name, or a number or birth date that is not`
                + ' valid, or a number that came before.');
        }
        const sub = createHmac('sha256', subjectKey).update(`${clientId}\n${number}`).digest('base64url');
        const account = { sub, number, name: name.normalize('NFC'), birthdate };
        byNumber.set(number, account);
        bySub.set(sub, account);
    });
    return { byNumber, bySub };
}
