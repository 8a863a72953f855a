// SPDX-License-Identifier: Apache-2.0
// Tests with a deadline, and what suites do with flushes, jobs and files.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test as nodeTest } from 'node:test';
import { until } from './until.mjs';

const TEST_MS = 120_000; // a bound for hanging, not a measure

export function test(name, options, body) {
    const [more, run] = typeof options === 'function' ? [{}, options] : [options, body];
    return nodeTest(name, { timeout: TEST_MS, ...more }, run);
}

// The last test of a suite: its server ends in order.
export function testStop(server) {
    test('the server stops in order', () => server.stop());
}

// Every file below a folder, as relative paths in order.
export function files(folder, pattern = /./) {
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { withFileTypes: true })
        .flatMap((entry) => {
            const path = join(folder, entry.name);
            return entry.isDirectory() ? files(path).map((name) => join(entry.name, name)) : [entry.name];
        })
        .filter((path) => pattern.test(path))
        .sort();
}

// The Parquet files of a folder.
export function segments(folder) {
    return files(folder, /\.parquet$/);
}

// A user id as one component of a path, as the design has it.
export function component(user) {
    return [...Buffer.from(user)]
        .map((byte) => {
            const letter = String.fromCharCode(byte);
            if (/[A-Za-z0-9_-]/.test(letter)) return letter;
            return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
        })
        .join('');
}

// The default folder of one user's part of a table.
export function scopeFolder(server, user, table) {
    return join(server.data, 'users', component(user), 'tables', ...table.split('.'));
}

export function inData(server, path) {
    return relative(server.data, path);
}

const ENDED = ['completed', 'failed', 'cancelled', 'skipped'];

// Waits for a job to end; gives its row of system.jobs.
export function jobEnd(admin, id) {
    return until(`job ${id} ends`, async () => {
        const [job] = await admin.objects('SELECT * FROM system.jobs WHERE job_id = $1', [id]);
        return job && ENDED.includes(job.status) ? job : null;
    }, 60);
}

// Flushes a table by hand, whatever else is flushing it; gives the job. Null: nothing was hot.
export async function flush(admin, table) {
    for (;;) {
        const message = await admin.message(`STORAGE FLUSH TABLE ${table}`);
        const id = /Job ID: (\S+)/.exec(message)?.[1];
        if (id) {
            const job = await jobEnd(admin, id);
            assert.equal(job.status, 'completed', JSON.stringify(job));
            return job;
        }
        if (/no pending writes/.test(message)) return null;
        assert.match(message, /already queued or running/);
        await until('running flushes end', async () =>
            (await admin.value(
                "SELECT COUNT(*) FROM system.jobs WHERE job_type = 'flush' AND status IN ('new','queued','running','retrying')")) === '0');
    }
}

// What system.user_table_counters says of one user in one table; null when nothing.
export async function counters(admin, table, user) {
    const rows = await admin.objects('SELECT * FROM system.user_table_counters WHERE table_id = $1 AND user_id = $2',
        [table.replace('.', ':'), user]);
    assert.ok(rows.length <= 1, 'one row per user and table');
    return rows.length === 0 ? null : { ...rows[0], hot: Number(rows[0].hot_rows), live: Number(rows[0].live_rows) };
}

// manifest.json of a folder; sequences stay text, they have more digits than a number holds.
export function mirror(folder) {
    const text = readFileSync(join(folder, 'manifest.json'), 'utf8');
    return JSON.parse(text.replace(/("(?:min_seq|max_seq)": *)(\d+)/g, '$1"$2"'));
}

// The manifest of one scope as the server knows it; null when there is none.
export async function manifest(admin, table, user) {
    const [namespace, name] = table.split('.');
    const rows = await admin.objects('SELECT * FROM system.manifest WHERE namespace_id = $1 AND table_name = $2 AND scope = $3',
        [namespace, name, user]);
    assert.ok(rows.length <= 1);
    return rows.length === 0 ? null
        : JSON.parse(rows[0].manifest_json.replace(/("(?:min_seq|max_seq)": *)(\d+)/g, '$1"$2"'));
}

// Milliseconds since 1970 in a `_seq`.
export function seqMs(seq) {
    return Number((BigInt(seq) >> 22n) + 1704067200000n);
}
