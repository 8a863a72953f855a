// SPDX-License-Identifier: Apache-2.0
// `make demo` on changelogs made here and on a part of this system's: each user's rows are compared with the source, hot
// and cold.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { literal } from './lib/client.mjs';
import { ADMIN, build, readyServer, root, temporaryFolder } from './lib/server.mjs';
import { flush, test, testStop } from './lib/suite.mjs';

const SYSTEM = '/usr/share/doc';
const SYSTEM_PACKAGES = 25;
const DATE = 'Wed, 18 Jan 2023 17:42:13 +0100';

// ---- the source, read in another way than the demo does ----

const entry = (package_, version, who, text, date = DATE) =>
    `${package_} (${version}) unstable; urgency=medium\n\n${text}\n\n -- ${who}  ${date}\n\n`;

// { user: { entry: [entry, package, version, date, text] } } of whole, well-formed UTF-8 changelogs.
function addSource(all, folder, text) {
    const pattern = /^\w[^ \n]* \(([^()\s]+)\)[^;\n]*;.*\n([^]*?)\n -- (.*?) ?<(.*)>\s*(.*)$/gm;
    for (const [, version, body, , address, date] of text.matchAll(pattern)) {
        const key = `${folder} ${version}`;
        const rows = (all[address.toLowerCase()] ??= {});
        rows[key] ??= [key, folder, version, Date.parse(date) * 1000, body.replace(/^\n+|\n+$/g, '')];
    }
}

function write(folder, name, data, file = 'changelog.Debian.gz') {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, file), data);
}

function linkSystem(folder, source) {
    const names = existsSync(SYSTEM) ? readdirSync(SYSTEM).sort() : [];
    let count = 0;
    for (const name of names) {
        const path = join(SYSTEM, name, 'changelog.Debian.gz');
        if (count === SYSTEM_PACKAGES || !existsSync(path)) continue;
        const bytes = gunzipSync(readFileSync(path));
        const text = bytes.toString();
        if (!Buffer.from(text).equals(bytes)) continue; // not UTF-8
        mkdirSync(join(folder, name));
        symlinkSync(path, join(folder, name, 'changelog.Debian.gz'));
        addSource(source, name, text);
        count++;
    }
}

// Changelogs with everything that may be in one, and what must become of them.
function writeOdd(folder, source) {
    const good = entry('one', '1.0-1', "Pat O'Neil <o'neil@example.org>", "  * It's 100% \\ done; -- DROP TABLE x;")
        + entry('one', '0.9', 'Ünï Cödé <ünïcode@example.org>', '  * Ein Täßchen → 茶 🍵\n\n    with "quotes"\tand $1')
        + entry('one', '0.8', 'A B <a:b@example.org>', '  * a:b is not a')
        + entry('one', '0.7', 'A <a@example.org>', '  * a is not a:b');
    write(folder, 'aaa-one', gzipSync(good));
    addSource(source, 'aaa-one', good);
    // Native packages have their changelog in changelog.gz; upstream's is no changelog of Debian.
    const native = entry('two', '2', "Pat O'Neil <O'NEIL@example.org>", '  * The same user, however written');
    write(folder, 'aaa-two', gzipSync(native), 'changelog.gz');
    addSource(source, 'aaa-two', native);
    write(folder, 'aaa-upstream', gzipSync(`2.0 (2020):\n - new things\n${good}`), 'changelog.gz');
    // The same entry twice, an entry without an end, one without a date, no address, Latin-1, NUL, CR LF.
    const odd = entry('odd', '5', 'Twice <twice@example.org>', '  * first')
        + entry('odd', '5', 'Twice <twice@example.org>', '  * second')
        + 'odd (4) unstable; urgency=low\n\n  * has no end\n\n'
        + entry('odd', '3', 'Dateless <dateless@example.org>', '  * x', 'some day in May')
        + entry('odd', '2', 'Nameless One <>', '  * y\0z')
        + entry('odd', '1', 'Path <../../etc/passwd>', '  * no way out');
    const latin = Buffer.from(entry('odd', '0', 'Jos\xe9 <jose@example.org>', '  * caf\xe9'), 'latin1');
    write(folder, 'aaa-odd', gzipSync(Buffer.concat([Buffer.from(odd), latin])));
    const us = Date.parse(DATE) * 1000;
    const row = (version, text, date = us) => [`aaa-odd ${version}`, 'aaa-odd', version, date, text];
    const expect = (user, line) => ((source[user] ??= {})[line[0]] = line);
    expect('twice@example.org', row('5', '  * first'));
    expect('dateless@example.org', row('3', '  * x', null));
    expect('nameless one', row('2', '  * y?z'));
    expect('______etc_passwd', row('1', '  * no way out'));
    expect('jose@example.org', row('0', '  * café'));
    // An empty file, one that is no gzip at all, and one cut in the middle, of which the beginning is there.
    write(folder, 'bad-text', 'this is no gzip');
    write(folder, 'bad-empty', '');
    const long = Array.from({ length: 400 }, (_, i) =>
        entry('cut', String(400 - i), 'Cut <cut@example.org>', `  * ${'noise '.repeat(i % 50)}${i * 7919}`)).join('');
    const packed = gzipSync(long);
    write(folder, 'bad-cut', packed.subarray(0, packed.length / 2));
}

function run(options, env = {}) {
    return new Promise((resolve) => {
        execFile(join(root, 'demo/run'), options,
            { env: { ...process.env, KALAMDB_BUILD: build, PYTHONDONTWRITEBYTECODE: '1', ...env }, timeout: 100_000 },
            (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }));
    });
}

const server = await readyServer(null);
const credentials = { KALAM_USER: ADMIN.user, KALAM_PASSWORD: ADMIN.password };
const folder = temporaryFolder('changelogs');
const source = {};
writeOdd(folder, source);
linkSystem(folder, source);

const byBytes = ([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function compare() {
    for (const [user, rows] of Object.entries(source)) {
        const found = await server.admin.rows(`EXECUTE AS USER ${literal(user)} (
            SELECT entry, package, version, date, text FROM demo.changelog ORDER BY entry)`);
        assert.deepEqual(found, Object.values(rows).sort(byBytes), user);
    }
}

test('the changelogs are loaded, and said to be', async () => {
    const result = await run(['--url', server.url, '--folder', folder, '--no-flush'], credentials);
    assert.equal(result.code, 0, result.stderr);
    assert.equal(result.stderr, '');
    assert.match(result.stdout, /\d+ changelog entries by \d+ maintainers/);
    assert.match(result.stdout, /each of the \d+ users has exactly their own rows, in RocksDB/);
    for (const name of ['bad-text', 'bad-cut'])
        assert.ok(result.stdout.includes(join(folder, name)), `${name} is reported\n${result.stdout}`);
    assert.ok(!result.stdout.includes('aaa-'), result.stdout);
});

test('each user has the rows of the source and no others, hot', async () => {
    await compare();
    const cut = await server.admin.rows(
        "EXECUTE AS USER 'cut@example.org' (SELECT version, text FROM demo.changelog ORDER BY version::INT DESC)");
    assert.ok(cut.length > 10 && cut.length < 400, `${cut.length} entries before the damage`);
    cut.forEach(([version, text], i) => {
        assert.equal(version, String(400 - i));
        assert.equal(text, `  * ${'noise '.repeat(i % 50)}${i * 7919}`);
    });
    const users = await server.admin.column(
        "SELECT user_id FROM system.user_table_counters WHERE table_id = 'demo:changelog'");
    assert.deepEqual(users.sort(), [...Object.keys(source), 'cut@example.org'].sort());
});

test('the maintainers are users who own nothing else', async () => {
    const users = await server.admin.column("SELECT user_id FROM system.users WHERE role = 'user'");
    assert.deepEqual(users.sort(), [...Object.keys(source), 'cut@example.org'].sort());
    assert.equal(await server.admin.value('SELECT COUNT(*) FROM demo.changelog'), '0');
});

test('each user has the rows of the source and no others, cold', async () => {
    const job = await flush(server.admin, 'demo.changelog');
    assert.match(job.message, /flushed \d+ row/);
    assert.equal(await server.admin.value(
        "SELECT SUM(hot_rows) FROM system.user_table_counters WHERE table_id = 'demo:changelog'"), '0');
    await compare();
});

test('a second run on the same server is refused, and after DROP TABLE it is not', async () => {
    const refused = await run(['--url', server.url, '--folder', folder], credentials);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^demo: demo\.changelog is on this server already; DROP TABLE demo\.changelog /);
    await server.admin.run('DROP TABLE demo.changelog');
    const again = await run(['--url', server.url, '--folder', folder], credentials);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /in Parquet files/);
});

test('without a server it starts its own, answers hot and cold, and leaves nothing behind', async () => {
    const scratch = temporaryFolder('demo');
    const result = await run(['--folder', folder], { TMPDIR: scratch });
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stdout, /A server at http:\/\/127\.0\.0\.1:\d+/);
    assert.match(result.stdout, /now in \d+ files of \d+\.\d MB together/);
    assert.match(result.stdout, /cut@example\.org +\d+, 1, 2023-01-18, 2023-01-18( +\d+\.\d ms){3}/);
    assert.match(result.stdout, /The administrator owns none of the [\d,]+ rows: SELECT COUNT\(\*\) gives 0\./);
    assert.deepEqual(readdirSync(scratch), []);
});

test('what is missing is said', async () => {
    const empty = await run(['--url', server.url, '--folder', temporaryFolder('none')], credentials);
    assert.deepEqual([empty.code, empty.stdout], [1, '']);
    assert.match(empty.stderr, /^demo: there are no Debian changelogs in .*--folder names another place\n$/);
    const nobody = await run(['--url', server.url], { KALAM_USER: '', KALAM_PASSWORD: '' });
    assert.deepEqual(nobody, { code: 1, stdout: '', stderr: 'demo: --url needs KALAM_USER and KALAM_PASSWORD, of a user with role dba\n' });
    const wrong = await run(['--url', server.url], { ...credentials, KALAM_PASSWORD: 'wrong' });
    assert.equal(wrong.stderr, 'demo: admin cannot sign in: Invalid credentials\n');
    const away = await run(['--url', 'http://127.0.0.1:1'], credentials);
    assert.match(away.stderr, /^demo: .*refused/);
    const limited = await run(['--folder', folder, '--seconds', '0', '--no-flush']);
    assert.equal(limited.code, 0, limited.stderr);
    assert.match(limited.stdout, /stopped after 0 s \(--seconds\); [\d,]+ rows are left out/);
});

testStop(server);
