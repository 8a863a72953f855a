// SPDX-License-Identifier: Apache-2.0
// kalam, the command line: the real program against a real server.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { chmodSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { literal } from './lib/client.mjs';
import { atTerminal, home, run, runMeasured, start } from './lib/kalam.mjs';
import { ADMIN, readyServer, root, startServer, temporaryFolder } from './lib/server.mjs';
import { test } from './lib/suite.mjs';
import { until } from './lib/until.mjs';

const folder = temporaryFolder('scripts');
const SECRET = 'only this suite and its server know it';
const server = await readyServer(null, { settings: { auth: { jwt_secret: SECRET } } });
const { admin } = server;
const signedIn = { env: { KALAM_URL: server.url, KALAM_USER: ADMIN.user, KALAM_PASSWORD: ADMIN.password } };

await admin.run('CREATE NAMESPACE app; CREATE NAMESPACE other');

// Runs kalam as the administrator; it must go well and say nothing beside its output.
async function good(args, options) {
    const result = await run(args, { ...signedIn, ...options });
    assert.deepEqual([result.code, result.err], [0, ''], `${args}\n${result.out}`);
    return result.out;
}

async function bad(args, code, says, options) {
    const result = await run(args, { ...signedIn, ...options });
    assert.equal(result.code, code, `${args}\n${result.out}\n${result.err}`);
    assert.match(result.err, says);
    return result;
}

function script(name, text) {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
}

// Records of CSV; an empty field without quotes is null.
function parseCsv(text) {
    const records = [[]];
    const field = /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/gy;
    for (let found = field.exec(text); found; found = field.exec(text)) {
        records.at(-1).push(found[1] !== undefined ? found[1].replaceAll('""', '"') : found[2] || null);
        if (found[3] === '\n') records.push([]);
        if (field.lastIndex === text.length) break;
    }
    assert.deepEqual(records.pop(), []);
    return records;
}

// Signs everyone in, and leaves statements to the test.
async function pretendServer(t, onStatement) {
    let count = 0; // of tokens
    const pretend = http.createServer((request, response) => {
        let body = '';
        request.on('data', (data) => (body += data));
        request.on('end', () => {
            if (request.url === '/v1/api/sql') return onStatement(request, response, body);
            response.setHeader('Content-Type', 'application/json');
            response.end(JSON.stringify({
                user: { id: 'admin', role: 'dba' }, access_token: `access-${++count}`, refresh_token: 'refresh', token_type: 'Bearer',
                expires_at: '2100-01-01T00:00:00Z', refresh_expires_at: '2100-01-01T00:00:00Z',
            }));
        });
    });
    await new Promise((resolve) => pretend.listen(0, '127.0.0.1', resolve));
    t.after(() => { pretend.closeAllConnections?.(); pretend.close(); });
    return { env: { ...signedIn.env, KALAM_URL: `http://127.0.0.1:${pretend.address().port}` } };
}

// A CA and a server's certificate of it, for these hosts.
function certify(name, hosts) {
    const files = Object.fromEntries(['ca', 'caKey', 'request', 'extensions', 'certificate', 'key'].map((of) => [of, join(folder, `${name}-${of}.pem`)]));
    const openssl = (...args) => execFileSync('openssl', args, { stdio: 'ignore' });
    const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    writeFileSync(files.extensions, `subjectAltName=${hosts}\n`);
    openssl('req', '-x509', ...fresh, '-days', '1', '-subj', `/CN=${name} CA`, '-keyout', files.caKey, '-out', files.ca);
    openssl('req', ...fresh, '-subj', '/CN=db', '-keyout', files.key, '-out', files.request);
    openssl('x509', '-req', '-in', files.request, '-CA', files.ca, '-CAkey', files.caKey, '-CAcreateserial', '-days', '1',
        '-extfile', files.extensions, '-out', files.certificate);
    return files;
}

// ---- use ----

test('--help is what the manual says, --version is the version', async () => {
    const help = await good(['--help']);
    const manual = readFileSync(join(root, 'docs/CLI.md'), 'utf8');
    assert.ok(manual.includes(help.trimEnd()), 'docs/CLI.md has the help text');
    assert.match(await good(['--version']), /^kalam \d+\.\d+\.\d+\n$/);
    assert.equal(await good(['-h']), help);
});

test('wrong use is told and has exit code 2', async () => {
    const cases = [
        [['--nonsense'], /"--nonsense" is no option; kalam --help lists all/],
        [['-z'], /"-z" is no option/],
        [['SELECT 1'], /"SELECT 1"/],
        [['-c'], /--command/],
        [['-c', 'SELECT 1', '-c', 'SELECT 2'], /--command is given twice/],
        [['-c', 'SELECT 1', '-f', 'x.sql'], /--command and --file exclude each other/],
        [['--format', 'xml'], /"xml" is not table, csv or json/],
        [['--csv', '--json'], /the format is given twice/],
        [['--timeout', '0'], /--timeout takes whole seconds from 1 to \d+, not "0"/],
        [['--timeout', '1.5'], /whole seconds/],
        [['--url', 'http://a', '--port', '1'], /exclude each other/],
        [['--port', '99999'], /port is not a number from 1 to 65535/],
        [['--url', 'ftp://a'], /only https:\/\/ and http:\/\/ are supported/],
        [['--url', 'http://a', '--cacert', 'ca.pem'], /--cacert needs a URL with https:\/\//],
        [['--url', 'https://a', '--cacert', '/nonexistent.pem'], /"\/nonexistent\.pem": No such file or directory/],
        [['--url', 'http://me:secret@a'], /a URL with a user or a password in it is refused/],
        [['--url', 'db.example.org:8080'], /it has no scheme/],
        [['-f', join(folder, 'none.sql')], /cannot read .*none\.sql: /],
        [['-f', folder], /cannot read .*: Is a directory/],
        [['--json=yes'], /--json/],
    ];
    for (const [args, says] of cases) {
        const result = await bad(args, 2, says);
        assert.equal(result.out, '', String(args));
        assert.ok(!result.err.includes('secret'), 'no credentials are shown');
    }
});

test('a password on the command line is refused', async () => {
    for (const args of [['--password=geheim 1'], ['--password', 'geheim 1'], ['--user', 'admin', '--password', 'geheim 1']]) {
        const result = await bad(args, 2, /KALAM_PASSWORD, use --password-file, or let kalam ask/);
        assert.ok(!result.err.includes('geheim'), result.err);
    }
});

// ---- TLS ----

test('https: statements and live queries', async (t) => {
    const { ca, certificate, key } = certify('ours', 'DNS:localhost,IP:127.0.0.1');
    const secure = await readyServer(t, { settings: { tls: { certificate, private_key: key } } });
    assert.match(secure.url, /^https:/);
    assert.ok(secure.log.includes(`kalam --url ${secure.url} --setup\n`), secure.log);
    const env = { ...signedIn.env, KALAM_URL: secure.url, KALAM_CACERT: ca };
    assert.equal(await good(['-c', "SELECT 'over TLS' AS x", '--csv'], { env }), 'x\nover TLS\n');
    const url = `https://localhost:${secure.port}`;
    assert.equal(await good(['--url', url, '--cacert', ca, '--csv', '-c', "SELECT 'by name' AS x"]), 'x\nby name\n');
    const asSystem = { ...signedIn.env, KALAM_URL: url, SSL_CERT_FILE: ca };
    assert.equal(await good(['--csv', '-c', "SELECT 'by the system' AS x"], { env: asSystem }), 'x\nby the system\n');
    const long = 'x'.repeat(300000);
    assert.equal(await good(['-f', script('long.sql', `SELECT '${long}' AS x`), '--csv'], { env }), `x\n${long}\n`);

    await secure.admin.run("CREATE NAMESPACE app; CREATE USER TABLE app.live (id INT PRIMARY KEY, body TEXT); INSERT INTO app.live VALUES (1, 'one')");
    const process = start(['--subscribe', 'SELECT id, body FROM app.live', '--csv'], { env });
    await process.says('change_type,id,body\ninitial,1,one\n');
    await secure.admin.run("INSERT INTO app.live VALUES (2, 'two')");
    await process.says('insert,2,two\n');
    const { port } = secure;
    await secure.restart({ settings: { tls: { certificate, private_key: key }, server: { port } } });
    await secure.admin.run("INSERT INTO app.live VALUES (3, 'three')");
    await process.says(/^(insert|update),3,three\n/);
    process.child.kill('SIGINT');
    assert.equal((await process.ended).code, 'SIGINT');
});

test('https: a server that is not the right one gets no password, and what helps is said', async (t) => {
    const ours = certify('our', 'DNS:db.example.org');
    const theirs = certify('their', 'IP:127.0.0.1');
    const other = await readyServer(t, { settings: { tls: { certificate: ours.certificate, private_key: ours.key } } });
    const url = ['--url', other.url, '-c', 'SELECT 1'];
    const cases = [
        [url, /ERROR UNAVAILABLE: the certificate of 127\.0\.0\.1:\d+ is issued by "our CA", which is not trusted here: if it should be, give its CA with --cacert FILE/],
        [[...url, '--cacert', theirs.ca], /does not come from the file of --cacert/],
        [[...url, '--cacert', ours.ca], /is for db\.example\.org, not for 127\.0\.0\.1: connect by a name that it has/],
        [['--url', other.url.replace('https', 'http'), '-c', 'SELECT 1'], /This port speaks TLS: its address begins with https:\/\//],
        [['--url', server.url.replace('http', 'https'), '-c', 'SELECT 1'], /does not speak TLS: if it is the right server, its address begins with http:\/\//],
    ];
    for (const [args, says] of cases) assert.equal((await bad(args, 3, says)).out, '');
});

// ---- setting up and signing in ----

test('setup makes the administrator, once', async () => {
    const fresh = await startServer(null);
    const env = { KALAM_URL: fresh.url, KALAM_USER: 'boss', KALAM_PASSWORD: 'correct horse 1' };
    await bad(['-c', 'SELECT 1'], 3, /This server has no users yet; kalam --setup makes the first\./, { env });
    await bad(['--setup'], 1, /there is no password for root: set KALAM_ROOT_PASSWORD/, { env });
    await bad(['--setup'], 1, /weak|8/i, { env: { ...env, KALAM_ROOT_PASSWORD: 'short' } });
    const setup = { env: { ...env, KALAM_ROOT_PASSWORD: 'battery staple 2' } };
    assert.match(await good(['--setup'], setup), /^Setup complete/);
    await bad(['--setup'], 1, /ERROR ALREADY_EXISTS: this server is set up already/, setup);
    assert.equal(await good(['--csv', '-c', 'SELECT CURRENT_USER() AS me'], { env }), 'me\nboss\n');
    await fresh.destroy();
});

test('at a terminal, setup asks for all it needs and shows no password', async () => {
    const fresh = await startServer(null);
    const terminal = atTerminal(['--setup'], { env: { KALAM_URL: fresh.url } });
    await terminal.says('Name of the administrator: ');
    terminal.write('boss\n');
    for (const password of ['correct horse 1', 'battery staple 2']) {
        await terminal.says(/Password[^\n]*: /);
        terminal.write(`${password}\n`);
        await terminal.says('The same again: ');
        terminal.write('something else\n');
        await terminal.says('The two differ. Once more.');
        await terminal.says(/Password[^\n]*: /);
        terminal.write(`${password}\n`);
        await terminal.says('The same again: ');
        terminal.write(`${password}\n`);
    }
    const result = await terminal.ended;
    assert.equal(result.code, 0, result.out);
    assert.match(result.out, /Setup complete/);
    assert.doesNotMatch(result.out, /horse|battery|something/);
    await fresh.login('boss', 'correct horse 1');
    await fresh.destroy();
});

test('who cannot sign in is told why, and the exit code is 3', async () => {
    const env = (more) => ({ env: { ...signedIn.env, ...more } });
    const ask = ['-c', 'SELECT 1'];
    await bad(ask, 3, /^ERROR UNAUTHORIZED: .*Invalid credentials\n$/, env({ KALAM_PASSWORD: 'wrong' }));
    await bad(ask, 3, /there is no password: set KALAM_PASSWORD, give --password-file/, env({ KALAM_PASSWORD: '' }));
    await bad(ask, 3, /nobody is named to sign in: give --user or set KALAM_USER/, env({ KALAM_USER: '' }));
    await bad([...ask, '--token', 'x.y.z'], 3, /^ERROR UNAUTHORIZED: /, env({ KALAM_USER: '' }));
    await bad(ask, 3, /^ERROR UNAVAILABLE: cannot connect to 127\.0\.0\.1 port 1: /, env({ KALAM_URL: 'http://127.0.0.1:1' }));
    await bad(ask, 3, /^ERROR UNAVAILABLE: cannot find the host "no\.host\.invalid"/, env({ KALAM_URL: 'http://no.host.invalid' }));
});

test('a password comes from a file, a token from the variable or the option', async () => {
    const env = { ...signedIn.env, KALAM_PASSWORD: '' };
    const file = script('password', `${ADMIN.password}\nthe second line is nothing\n`);
    chmodSync(file, 0o600);
    const ask = ['--csv', '-c', 'SELECT 1 AS one'];
    assert.equal(await good(['--password-file', file, ...ask], { env }), 'one\n1\n');
    chmodSync(file, 0o644);
    const exposed = await run(['--password-file', file, ...ask], { env });
    assert.deepEqual([exposed.code, exposed.out], [0, 'one\n1\n']);
    assert.match(exposed.err, /other users of this machine may read the password file; chmod 600 ends that/);
    const token = { KALAM_URL: server.url };
    assert.equal(await good(['--token', admin.token, ...ask], { env: token }), 'one\n1\n');
    assert.equal(await good(ask, { env: { ...token, KALAM_TOKEN: admin.token } }), 'one\n1\n');
});

test('a given token that has expired is refused', async () => {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const long = Math.floor(Date.now() / 1000) - 3600;
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({
        sub: ADMIN.user, iss: 'kalamdb', iat: long, exp: long + 60, role: 'dba', token_type: 'access',
    })}`;
    const token = `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
    await bad(['-c', 'SELECT 1'], 3, /^ERROR UNAUTHORIZED: /, { env: { KALAM_URL: server.url, KALAM_TOKEN: token } });
});

test('a session outlives its access token', async (t) => {
    const asked = [];
    const options = await pretendServer(t, (request, response) => {
        asked.push(`${request.url} ${request.headers.authorization}`);
        if (request.headers.authorization !== 'Bearer access-2') {
            response.statusCode = 401;
            return response.end('{"status":"error","results":[],"took":1,"error":{"code":"TOKEN_EXPIRED","message":"Invalid credentials"}}');
        }
        return response.end('{"status":"success","results":[{"message":"done","row_count":0}],"took":1}');
    });
    assert.equal(await good(['-c', 'SELECT 1'], options), 'done\n');
    assert.deepEqual(asked, ['/v1/api/sql Bearer access-1', '/v1/api/sql Bearer access-2']);
});

// ---- output ----

test('tables are for the eye', async () => {
    const out = await good(['-c', `SELECT 1 AS n, 'x' AS t UNION ALL SELECT 22, NULL UNION ALL SELECT 333, E'a\\nb\\u0007' ORDER BY 1;
        SELECT 'NULL' AS t, '茶' AS wide, TRUE AS b WHERE FALSE`]);
    assert.equal(out, [
        '   n | t', '-----+----------', '   1 | x', '  22 | NULL', ' 333 | a\\nb\\x07', '(3 rows)',
        ' t | wide | b', '---+------+---', '(0 rows)', '',
    ].join('\n'));
});

test('errors go to standard error with their code, and the exit code is 1', async () => {
    const result = await bad(['-c', 'SELECT 1 AS fine; SELECT nope'], 1, /^ERROR \w+: .*nope/);
    assert.equal(result.out, '', 'a batch is checked before it runs');
    await bad(['-c', 'SELECT * FROM app.none'], 1, /app\.none|not found|does not exist/);
    await bad(['-c', 'SELEC 1'], 1, /^ERROR INVALID_SQL: .*syntax error at or near "SELEC".*\n {2}SELEC 1\n$/);
    await bad(['-c', "SELECT '"], 1, /^ERROR BATCH_PARSE_ERROR: unterminated quoted string \(at character 8\)\n$/);
    await bad(['-c', '\\nonsense'], 1, /"\\nonsense" is no meta-command/);
});

const TYPES = `(id INT PRIMARY KEY, b BOOLEAN, si SMALLINT, i INT, bi BIGINT, f FLOAT, d DOUBLE, dec DECIMAL(38,10), t TEXT,
    ts TIMESTAMP, da DATE, dt DATETIME, ti TIME, j JSON, bytes BYTES, u UUID)`;
const COLUMNS = 'id, b, si, i, bi, f, d, dec, t, ts, da, dt, ti, j, bytes, u';

test('every type survives the way out as CSV and back in', async () => {
    await admin.run(`CREATE USER TABLE app.types ${TYPES}; CREATE USER TABLE app.copies ${TYPES}`);
    const texts = ['', 'NULL', ' padded ', 'a,b', '"quoted"', 'two\nlines\r\n', "o'neil", '\\N \\x00', 'ünïcode 茶 🍵', ';--/*', '\t'];
    const rows = texts.map((text, i) => `(${i}, NULL, NULL, NULL, NULL, NULL, NULL, NULL, ${literal(text)}, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`);
    rows.push(`(100, TRUE, -32768, -2147483648, -9223372036854775808, -1.5e-30, 1.7976931348623157e308, -1234567890123456789012345678.0123456789, 'x',
        '1900-01-01 00:00:00.000001', '0001-01-01', '2026-02-28T23:59:59.999999Z', '00:00:00', '{"a": [1, "b,\\"c\\"", null]}', '\\x00ff2c22', '00000000-0000-0000-0000-000000000000')`);
    rows.push(`(101, FALSE, 32767, 2147483647, 9223372036854775807, 3.25, 0.1, 0.0000000001, 'y',
        '9999-12-31 23:59:59', '9999-12-31', '1970-01-01T00:00:00+02:00', '23:59:59.999999', '"text"', '', 'ffffffff-ffff-4fff-bfff-ffffffffffff')`);
    await admin.run(`INSERT INTO app.types VALUES ${rows.join(', ')}`);
    const select = (table) => `SELECT ${COLUMNS} FROM app.${table} ORDER BY id`;
    const [head, ...records] = parseCsv(await good(['--csv', '-c', select('types')]));
    assert.equal(head.join(', '), COLUMNS);
    assert.equal(records.length, rows.length);
    const values = records.map((record) => `(${record.map((v) => (v === null ? 'NULL' : literal(v))).join(', ')})`);
    const path = script('copies.sql', `INSERT INTO app.copies VALUES\n${values.join(',\n')};\n`);
    assert.equal(await good(['-f', path]), `Inserted ${rows.length} row(s)\n`);
    assert.deepEqual(await admin.rows(select('copies')), await admin.rows(select('types')));
});

test('JSON is what the server sent', async () => {
    const sql = `SELECT ${COLUMNS} FROM app.types ORDER BY id; SELECT 1 AS one`;
    assert.deepEqual(JSON.parse(await good(['--json', '-c', sql])), await admin.run(sql));
});

test('messages stay out of CSV and JSON', async () => {
    await admin.run('CREATE USER TABLE app.few (id INT PRIMARY KEY)');
    const result = await run(['--csv', '-c', 'INSERT INTO app.few VALUES (1); SELECT id FROM app.few'], signedIn);
    assert.deepEqual(result, { code: 0, out: 'id\n1\n', err: 'Inserted 1 row(s)\n' });
});

test('a large result takes its bytes and little more', async () => {
    await admin.run('CREATE USER TABLE app.numbers (n INT PRIMARY KEY)');
    await admin.run(`INSERT INTO app.numbers VALUES ${Array.from({ length: 400 }, (_, i) => `(${i})`).join(',')}`);
    const sql = `SELECT a.n * 400 + b.n AS n, 'row number ' || (a.n * 400 + b.n) AS t
        FROM app.numbers a, app.numbers b WHERE a.n < 250 ORDER BY 1`;
    for (const format of ['csv', 'table', 'json']) {
        const result = await runMeasured([`--${format === 'table' ? 'no-color' : format}`, '-c', sql], signedIn);
        assert.equal(result.code, 0, result.err);
        if (format === 'csv')
            assert.equal(result.out, `n,t\n${Array.from({ length: 100_000 }, (_, i) => `${i},row number ${i}\n`).join('')}`);
        else if (format === 'table')
            assert.match(result.out, /\n 99999 \| row number 99999\n\(100000 rows\)\n$/);
        else
            assert.equal(JSON.parse(result.out)[0].row_count, 100_000);
        assert.ok(result.memory < 64 * 1024, `${format}: ${result.memory} KiB for a reply of some 3 MB`);
    }
});

test('a full disk and a closed pipe are failures', async () => {
    const full = await run(['-c', 'SELECT 1'], { ...signedIn, stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] });
    assert.deepEqual([full.code, full.err], [1, 'kalam: cannot write to standard output\n']);
    const piped = start(['--csv'], signedIn);
    piped.write('SELECT 1 AS one;\n');
    await piped.says('one\n1\n');
    piped.child.stdout.destroy();
    piped.child.stdin.end(`SELECT ${literal('x'.repeat(100_000))} AS long;\nSELECT 2;\n`.repeat(3));
    const { code } = await piped.ended;
    assert.ok(code === 1 || code === 'SIGPIPE', `${code}`);
});

// ---- scripts ----

const TRICKY = `
-- a comment; with a semicolon
/* another; /* nested; */ still; */
CREATE USER TABLE other.notes (id INT PRIMARY KEY, body TEXT); -- behind; it
INSERT INTO other.notes VALUES (1, 'a;b'), (2, 'it''s; fine');;
INSERT INTO other.notes VALUES (3, E'c\\';d'), (4, $$e;$f;$$), (5, $tag$g;$$;h$tag$);
EXECUTE AS USER 'ann' (INSERT INTO other.notes VALUES (6, 'hers;'));
SELECT body AS "odd;name" FROM other.notes /* ; */ ORDER BY id`;
const TRICKY_OUT = 'odd;name\na;b\nit\'s; fine\nc\';d\ne;$f;\ng;$$;h\n';

test('semicolons in strings, comments, dollar quotes and brackets end nothing', async () => {
    for (const [name, args, options] of [
        ['a file', ['--csv', '-f', script('tricky.sql', TRICKY)], {}],
        ['standard input', ['--csv'], { input: TRICKY }],
        ['-f -', ['--csv', '-f', '-'], { input: TRICKY }],
        ['one request', ['--csv', '-c', TRICKY], {}],
        ['an included file', ['--csv', '-c', `\\i ${join(folder, 'tricky.sql')}`], {}],
    ]) {
        const result = await run(args, { ...signedIn, ...options });
        assert.deepEqual([result.code, result.out], [0, TRICKY_OUT], `${name}: ${result.err}`);
        await admin.run('DROP TABLE other.notes');
    }
});

test('a script ends at its first failure and says where', async () => {
    const path = script('fails.sql', `SELECT 1 AS a;\n\n-- two lines\nSELECT\n  nope;\nSELECT 2 AS b;\n`);
    const ended = await bad(['--csv', '-f', path], 1, new RegExp(`nope[^]*\n  in ${path}, line 4\n$`));
    assert.equal(ended.out, 'a\n1\n');
    const went = await bad(['--csv', '--continue', '-f', path], 1, /line 4\n$/);
    assert.equal(went.out, 'a\n1\nb\n2\n');
    await bad([], 1, /in standard input, line 2\n$/, { input: 'SELECT 1;\nSELECT nope;\n' });
});

test('scripts include scripts, use a namespace, and end with \\q', async () => {
    script('inner.sql', 'CREATE USER TABLE inside (id INT PRIMARY KEY);\n\\d inside\n');
    const outer = script('outer.sql', `USE app;\n\\i ${join(folder, 'inner.sql')}\nSELECT COUNT(*) AS n FROM inside;\n\\q\nSELECT nope;\n`);
    const result = await run(['--csv', '-f', outer], signedIn);
    assert.equal(result.code, 0, result.err);
    assert.match(result.out, /^column,type,nullable,default\nid,\w+,NO,\n/);
    assert.match(result.out, /\nn\n0\n$/);
    assert.equal(await good(['--csv', '--namespace', 'app', '-c', 'SELECT COUNT(*) AS n FROM inside']), 'n\n0\n');
    const circle = script('circle.sql', `\\i ${join(folder, 'circle.sql')}\n`);
    await bad(['-f', circle], 1, /scripts include each other too deeply/);
    await bad(['-c', `\\i ${folder}/none.sql`], 1, /cannot read .*none\.sql/);
});

test('meta-commands do what their help says', async () => {
    assert.match(await good(['-c', '\\?']), /\\dt, \\tables/);
    assert.match(await good(['--csv', '-c', '\\dt app']), /^namespace,table,type\n(app,\w+,.*\n)+$/);
    await bad(['-c', '\\d app.nothing'], 1, /^ERROR NOT_FOUND: there is no table app\.nothing; \\dt lists those there are\n$/);
    assert.match(await good(['-c', '\\conninfo']), new RegExp(`^Signed in at ${server.url} as admin \\(role dba\\), namespace default, format table\\.\n$`));
    assert.match(await good(['-c', '\\health']), /version/);
    assert.match(await good(['--csv', '-c', "\\as o'neil SELECT CURRENT_USER() AS me"]), /^me\no'neil\n$/);
    assert.match(await good(['-c', '\\flush']), /flush/i);
});

// ---- a server that goes away, and interrupts ----

test('a server that is gone ends a script, and no statement is sent twice', async (t) => {
    const doomed = await readyServer(null);
    const session = start(['--csv', '--continue'], { env: { ...signedIn.env, KALAM_URL: doomed.url } });
    session.write('SELECT 1 AS one;\n');
    await session.says('one\n1\n');
    await doomed.kill();
    session.child.stdin.end('SELECT 2 AS two;\nSELECT 3 AS three;\n');
    const result = await session.ended;
    assert.deepEqual([result.code, result.out], [3, 'one\n1\n'], result.err);
    assert.match(result.err, /^ERROR UNAVAILABLE: [^\n]*\n {2}in standard input, line 2\n$/);
    await doomed.destroy();
    let count = 0;
    const options = await pretendServer(t, (request) => { count++; request.socket.destroy(); });
    await bad(['-c', 'INSERT INTO app.few VALUES (7)'], 3, /^ERROR UNAVAILABLE: .*the statement may have run\n$/, options);
    assert.equal(count, 1);
});

test('an answer that breaks off or is none is told', async (t) => {
    const answers = [
        [(response) => { response.writeHead(200, { 'Content-Length': 1000 }); response.write('{"status":'); response.socket.end(); }, /CORRUPT|UNAVAILABLE/],
        [(response) => response.end('<html>hello</html>'), /^ERROR CORRUPT: /],
        [(response) => { response.statusCode = 502; response.end('Bad Gateway'); }, /^ERROR HTTP_502: .*Bad Gateway/],
    ];
    const options = await pretendServer(t, (request, response) => answers[0][0](response));
    while (answers.length > 0) {
        const { code, err, out } = await run(['-c', 'SELECT 1'], options);
        assert.ok(code === 1 || code === 3, `${code}`);
        assert.match(err, answers[0][1]);
        assert.equal(out, '');
        answers.shift();
    }
});

test('an answer that does not come is waited for as long as --timeout says', async (t) => {
    const options = await pretendServer(t, () => {});
    await bad(['--timeout', '1', '-c', 'SELECT 1'], 1, /^ERROR TIMEOUT: no answer within 1000 ms; the statement may still run\n$/, options);
});

test('Ctrl-C ends kalam -c, and at the prompt only the statement', async (t) => {
    let arrived = () => {};
    const options = await pretendServer(t, (request, response, body) => {
        if (!body.includes('slow')) return response.end('{"status":"success","results":[{"message":"quick","row_count":0}],"took":1}');
        return arrived();
    });
    const arrival = () => new Promise((resolve) => (arrived = resolve));
    const sent = (process) => Promise.race([next, process.ended.then(({ out, err }) => assert.fail(out + err))]);
    let next = arrival();
    const once = start(['-c', 'SELECT slow'], options);
    await sent(once);
    once.child.kill('SIGINT');
    assert.equal((await once.ended).code, 'SIGINT');
    next = arrival();
    const terminal = atTerminal([], options);
    await terminal.says('kalam[default]> ');
    terminal.write('SELECT slow;\n');
    await sent(terminal);
    terminal.write('\x03');
    await terminal.says(/ERROR CANCELLED: [^\r\n]*/);
    await terminal.says('kalam[default]> ');
    terminal.write('SELECT something;\n');
    await terminal.says('quick');
    await terminal.says('kalam[default]> ');
    terminal.write('\\q\n');
    assert.equal((await terminal.ended).code, 0);
});

test('at the prompt Ctrl-C ends output, and what stands behind the statement', async (t) => {
    const row = `["${'x'.repeat(60000)}"]`;
    const long = `{"status":"success","results":[{"schema":[{"name":"x","data_type":"Text"}],"rows":[${Array(200).fill(row)}],"row_count":200}],"took":1}`;
    const statements = [];
    const options = await pretendServer(t, (request, response, body) => {
        statements.push(JSON.parse(body).sql);
        return response.end(long);
    });
    writeFileSync(join(folder, 'two.sql'), 'SELECT first; SELECT second;');
    for (const format of ['table', 'csv', 'json']) {
        const terminal = atTerminal(['--format', format, '--continue'], options);
        for (const typed of ['SELECT first; SELECT second;', `\\i ${join(folder, 'two.sql')}`]) {
            await terminal.says('kalam[default]> ');
            terminal.write(`${typed}\n`);
            await terminal.says('xxxx');
            terminal.child.stdout.pause(); // nothing goes on until the key was typed
            terminal.write('\x03');
            terminal.child.stdout.resume();
            const seen = await terminal.says(/ERROR CANCELLED: the output was cut short/);
            assert.ok(seen.length < long.length / 2, `${seen.length} of ${long.length}`);
        }
        await terminal.says('kalam[default]> ');
        terminal.write('\\q\n');
        assert.equal((await terminal.ended).code, 0);
    }
    assert.deepEqual(statements, Array(6).fill('SELECT first'));
});

// ---- live queries ----

const subscribed = (args, options) => start(['--subscribe', ...args], { ...signedIn, ...options });

// The process prints this line next.
async function prints(process, line) {
    await process.says(`${line}\n`);
    assert.equal(process.seen, '', `before ${line}`);
}

test('--subscribe prints the rows, then every change as it comes, in every format', async () => {
    await admin.run("CREATE USER TABLE app.live (id BIGINT PRIMARY KEY, body TEXT, at DATE); INSERT INTO app.live VALUES (1, 'one', '2026-05-04')");
    const table = subscribed(['SELECT id, body, at FROM app.live WHERE id < 100']);
    const csv = subscribed(['SELECT id, body, at FROM live;', '--csv', '--namespace', 'app']);
    const json = subscribed(['app.live WHERE id < 100', '--json']);
    await prints(table, '= initial  id=1  body=one  at=2026-05-04');
    await prints(csv, 'change_type,id,body,at');
    await prints(csv, 'initial,1,one,2026-05-04');
    await json.says('\n');
    assert.equal(JSON.parse(json.seen).rows[0].body, 'one');
    await admin.run("INSERT INTO app.live VALUES (2, E'two,\\nlines', NULL)");
    await prints(table, '+ insert  id=2  body=two,\\nlines  at=NULL');
    await prints(csv, 'insert,2,"two,\nlines",');
    await admin.run("UPDATE app.live SET body = 'three' WHERE id = 2");
    await prints(table, '~ update  id=2  body=three');
    await prints(csv, 'update,2,three,');
    await admin.run('DELETE FROM app.live WHERE id = 1');
    await prints(table, '- delete  id=1  body=one  at=2026-05-04');
    await prints(csv, 'delete,1,one,2026-05-04');
    for (const kind of ['insert', 'update', 'delete']) {
        await json.says('\n');
        const message = JSON.parse(json.seen);
        assert.deepEqual([message.type, message.change_type], ['change', kind]);
    }
    for (const process of [table, csv, json]) {
        process.child.kill('SIGINT');
        const { code, err } = await process.ended;
        assert.deepEqual([code, err], ['SIGINT', '']);
    }
});

test('--last-rows says how many rows come first', async () => {
    await admin.run('CREATE USER TABLE app.many (id INT PRIMARY KEY)');
    await admin.run(`INSERT INTO app.many VALUES ${Array.from({ length: 3000 }, (_, i) => `(${i})`).join(',')}`);
    for (const [rows, first] of [[0, 3000], [2, 2998], [2500, 500]]) {
        const process = subscribed(['SELECT id FROM app.many', '--csv', '--last-rows', String(rows)]);
        await process.says('change_type,id\n');
        // It listens from here on: the insert comes behind all rows.
        await admin.run('INSERT INTO app.many VALUES (3000)');
        await process.says('insert,3000\n');
        const seen = process.seen.split('\n').filter(Boolean);
        assert.deepEqual([seen.length, seen[0]], [rows, rows > 0 ? `initial,${first}` : undefined]);
        process.child.kill('SIGINT');
        await process.ended;
        await admin.run('DELETE FROM app.many WHERE id = 3000');
    }
});

test('--subscribe goes on after a break, without loss or repetition', async (t) => {
    const other = await readyServer(t);
    await other.admin.run("CREATE NAMESPACE app; CREATE USER TABLE app.live (id INT PRIMARY KEY, body TEXT); INSERT INTO app.live VALUES (1, 'one'), (2, 'two')");
    const { port } = other;
    const process = subscribed(['SELECT id, body FROM app.live'], { env: { ...signedIn.env, KALAM_URL: other.url } });
    await prints(process, '= initial  id=1  body=one');
    await prints(process, '= initial  id=2  body=two');
    await other.admin.run("INSERT INTO app.live VALUES (3, 'three')");
    await prints(process, '+ insert  id=3  body=three');
    // Somebody else changes rows while kalam is away: it is stopped over the restart.
    process.child.kill('SIGSTOP');
    await other.restart({ settings: { server: { port } } });
    await other.admin.run("INSERT INTO app.live VALUES (4, 'four'); UPDATE app.live SET body = 'TWO' WHERE id = 2; DELETE FROM app.live WHERE id = 1");
    process.child.kill('SIGCONT');
    await prints(process, '~ update  id=4  body=four');
    await prints(process, '~ update  id=2  body=TWO');
    await process.says(/^- delete {2}id=1[^\n]*\n/);
    assert.equal(process.seen, '');
    await other.admin.run("INSERT INTO app.live VALUES (5, 'five')");
    await prints(process, '+ insert  id=5  body=five');
    await other.kill();
    await until('kalam says that it lost the server', () => process.err.match(/connecting again\n/g)?.length === 2);
    await other.start();
    await other.admin.run("INSERT INTO app.live VALUES (6, 'six')");
    await process.says(/^[+~] (insert|update) {2}id=6 {2}body=six\n/);
    process.child.kill('SIGINT');
    assert.equal((await process.ended).code, 'SIGINT');
});

test('--last-rows 0: changes of a break before the first change are not lost', async (t) => {
    const other = await readyServer(t);
    await other.admin.run("CREATE NAMESPACE app; CREATE USER TABLE app.live (id INT PRIMARY KEY, body TEXT); INSERT INTO app.live VALUES (1, 'one'), (2, 'two')");
    const { port } = other;
    const process = subscribed(['SELECT id, body FROM app.live', '--csv', '--last-rows', '0'], { env: { ...signedIn.env, KALAM_URL: other.url } });
    await prints(process, 'change_type,id,body');
    process.child.kill('SIGSTOP');
    await other.restart({ settings: { server: { port } } });
    await other.admin.run("INSERT INTO app.live VALUES (3, 'three'); DELETE FROM app.live WHERE id = 1");
    process.child.kill('SIGCONT');
    await prints(process, 'update,3,three');
    await process.says(/^delete,1,[^\n]*\n/);
    assert.equal(process.seen, '');
    await other.admin.run("INSERT INTO app.live VALUES (4, 'four')");
    await prints(process, 'insert,4,four');
    process.child.kill('SIGINT');
    assert.equal((await process.ended).code, 'SIGINT');
});

test('a live query outlives its access token, unless that was given', async (t) => {
    const other = await readyServer(t, { settings: { auth: { jwt_expiry_hours: '5s' } } });
    await other.admin.run('CREATE NAMESPACE app; CREATE USER TABLE app.live (id INT PRIMARY KEY); INSERT INTO app.live VALUES (1)');
    const KALAM_URL = other.url;
    const process = subscribed(['SELECT id FROM app.live'], { env: { ...signedIn.env, KALAM_URL } });
    const { token } = await other.login(ADMIN.user, ADMIN.password);
    const given = start(['--subscribe', 'SELECT id FROM app.live'], { env: { KALAM_URL, KALAM_TOKEN: token } });
    await prints(process, '= initial  id=1');
    await prints(given, '= initial  id=1');
    await until('the token has expired', () => process.err.includes('connecting again'));
    assert.match(process.err, /^kalam: the server closed the connection: [^\n]* \(1008\); connecting again\n$/);
    await (await other.login(ADMIN.user, ADMIN.password)).run('INSERT INTO app.live VALUES (2)');
    await process.says(/^[+~] (insert|update) {2}id=2\n/);
    const { code, err } = await given.ended;
    assert.equal(code, 3);
    assert.match(err, /connecting again\nERROR \S+: /);
    process.child.kill('SIGINT');
    await process.ended;
});

test('what cannot be subscribed to is told, and the exit codes tell why it ended', async () => {
    await bad(['--subscribe', 'app.missing'], 1, /^ERROR \S+: .*missing/);
    await bad(['--subscribe', 'SELECT count(*) FROM app.live'], 1, /row by row/);
    await bad(['--subscribe', 'app.live; DROP TABLE app.live'], 1, /one table or SELECT/);
    await bad(['--subscribe', ' '], 1, /one table or SELECT/);
    await bad(['--subscribe', 'app.live', '--user', 'nobody'], 3, /ERROR UNAUTHORIZED/);
    await bad(['--subscribe', 'app.live', '-c', 'SELECT 1'], 2, /exclude each other/);
    await bad(['--last-rows', '1'], 2, /--last-rows needs --subscribe/);
    await bad(['--subscribe', 'app.live', '--last-rows', '-1'], 2, /from 0 to 100000, not "-1"/);
    const process = subscribed(['app.live']);
    await process.says('= initial');
    const [[id]] = await admin.rows('SELECT live_id FROM system.live');
    await admin.run(`KILL LIVE QUERY '${id}'`);
    const { code, err } = await process.ended;
    assert.equal(code, 1);
    assert.match(err, /^ERROR KILLED: /);
});

test('at the prompt Ctrl-C ends the live query only', async () => {
    const terminal = atTerminal([], signedIn);
    await terminal.says('kalam[default]> ');
    terminal.write('\\subscribe SELECT id, body FROM app.live\n');
    await terminal.says('= initial  id=2  body=three\r\n');
    terminal.write('\x03');
    await terminal.says('kalam[default]> ');
    terminal.write('SELECT 40 + 2 AS answer;\n');
    await terminal.says('42');
    await terminal.says('kalam[default]> ');
    terminal.write('\\q\n');
    assert.equal((await terminal.ended).code, 0);
});

// ---- the prompt ----

test('the prompt: a password without echo, statements over lines, errors, meta-commands, the end', async () => {
    const terminal = atTerminal(['--user', 'admin'], { env: { KALAM_URL: server.url } });
    await terminal.says('Password of admin: ');
    terminal.write(`${ADMIN.password}\n`);
    await terminal.says(`at ${server.url}. Statements end with a semicolon; \\? helps, \\q leaves.`);
    await terminal.says('kalam[default]> ');
    terminal.write('USE app;\n');
    await terminal.says('kalam[app]> ');
    terminal.write("SELECT 'a;b'\n");
    await terminal.says('...> ');
    terminal.write("AS t, 7 AS n; SELECT 2 AS two;\n");
    await terminal.says(' t   | n\r\n-----+---\r\n a;b | 7\r\n(1 row)\r\n two\r\n-----\r\n   2\r\n(1 row)\r\nkalam[app]> ');
    terminal.write('SELECT nope;\n');
    await terminal.says(/ERROR \w+: [^\n]*nope/);
    await terminal.says('kalam[app]> ');
    terminal.write('SELECT half\n');
    await terminal.says('...> ');
    terminal.write('\x03');
    await terminal.says('^C\r\nkalam[app]> ');
    terminal.write('\x1b[A\x1b[A\n'); // two up: the statement before the failed one
    await terminal.says(/\(1 row\)\r\n/);
    await terminal.says('kalam[app]> ');
    terminal.write('\\format csv\n');
    await terminal.says('Output format is csv.');
    await terminal.says('kalam[app]> ');
    terminal.write('SELECT 5 AS five;\n');
    await terminal.says('five\r\n5\r\n');
    await terminal.says('kalam[app]> ');
    terminal.write('\x04');
    const result = await terminal.ended;
    assert.equal(result.code, 0);
    assert.ok(!result.out.includes(ADMIN.password), 'the password is not shown');
});

test('history is kept for its owner only, and without secrets', async () => {
    const options = signedIn;
    const terminal = atTerminal([], options);
    await terminal.says('kalam[default]> ');
    terminal.write("SELECT 'remember me' AS t;\n");
    await terminal.says('(1 row)');
    await terminal.says('kalam[default]> ');
    terminal.write("CREATE USER eve WITH PASSWORD 'not for the history' ROLE user;\n");
    await terminal.says("User 'eve' created");
    await terminal.says('kalam[default]> ');
    terminal.write('\\q\n');
    assert.equal((await terminal.ended).code, 0);
    const file = join(home, '.kalam', 'history');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(home, '.kalam')).mode & 0o777, 0o700);
    const text = readFileSync(file, 'utf8');
    assert.match(text, /remember/);
    assert.doesNotMatch(text, /eve|not.*for.*the.*history/);
    const again = atTerminal([], options);
    await again.says('kalam[default]> ');
    again.write('\x1b[A\x1b[A\n'); // behind \q of the last session
    await again.says(/remember me/);
    await again.says('(1 row)');
    await again.says('kalam[default]> ');
    again.write('\x04');
    assert.equal((await again.ended).code, 0);
});

test('colours are for terminals that have them', async () => {
    const colored = atTerminal(['-c', 'SELECT 1 AS one'], { env: { ...signedIn.env, TERM: 'xterm' } });
    assert.match((await colored.ended).out, /\x1b\[1mone\x1b\[0m/);
    const plain = atTerminal(['-c', 'SELECT 1 AS one'], { env: { ...signedIn.env, TERM: 'xterm', NO_COLOR: '1' } });
    assert.doesNotMatch((await plain.ended).out, /\x1b/);
});

test('the server stops in order', () => server.stop());
