// SPDX-License-Identifier: Apache-2.0
// Live queries over real sockets: the protocol, what changes look like, one order for all.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Live, Mirror } from './lib/live.mjs';
import { readyServer, temporaryFolder } from './lib/server.mjs';
import { flush, test, testStop } from './lib/suite.mjs';
import { until } from './lib/until.mjs';

const server = await readyServer(null, { settings: {} });
const admin = server.admin;
await admin.run('CREATE NAMESPACE l');
await admin.run('CREATE USER TABLE l.notes (id BIGINT PRIMARY KEY, body TEXT, done BOOLEAN, n INT)');
const ann = await server.addUser('ann');
const bob = await server.addUser('bob');

test('signing in with the header: the first frame says who', async () => {
    const live = new Live(ann, { token: ann.token });
    const welcome = await live.next();
    assert.deepEqual(welcome, {
        type: 'auth_success', user: 'ann', role: 'user', protocol: { serialization: 'json', compression: 'gzip' },
    });
    assert.equal(live.frames[0][0], false);
    await live.close();
});

test('an empty table: acknowledged, then one empty batch that is ready', async () => {
    const live = await Live.as(ann);
    live.subscribe('s', 'SELECT * FROM l.notes', {});
    const ack = await live.next();
    const { resume_from, ...control } = ack.batch_control;
    assert.deepEqual(control, { batch_num: 0, has_more: false, status: 'ready', last_seq_id: null });
    assert.match(resume_from, /^\d+$/);
    assert.equal(ack.total_rows, 0);
    assert.deepEqual(ack.schema.map((column) => column.name), ['id', 'body', 'done', 'n', '_seq', '_updated', '_deleted']);
    const batch = await live.next();
    assert.deepEqual(batch, { type: 'initial_data_batch', subscription_id: 's', rows: [], batch_control: ack.batch_control });
    await live.close();
});

test('insert, update, delete: to whom they belong and to nobody else', async () => {
    const live = await Live.as(ann);
    const other = await Live.as(bob);
    await live.initial('s', 'SELECT * FROM l.notes');
    await other.initial('s', 'SELECT * FROM l.notes');
    await ann.run("INSERT INTO l.notes VALUES (1, 'one', false, 5)");
    const inserted = await live.change('s');
    assert.equal(inserted.change_type, 'insert');
    assert.equal(inserted.old_values, undefined);
    const [row] = inserted.rows;
    assert.deepEqual({ ...row, _seq: 0, _updated: 0 }, { id: '1', body: 'one', done: false, n: 5, _seq: 0, _updated: 0, _deleted: false });
    await ann.run('UPDATE l.notes SET body = NULL, n = 6 WHERE id = 1');
    const updated = await live.change('s');
    assert.equal(updated.change_type, 'update');
    assert.deepEqual({ ...updated.rows[0], _seq: 0 }, { id: '1', body: null, done: false, n: 6, _seq: 0 });
    assert.deepEqual(updated.old_values, [{ id: '1', body: 'one', n: 5, _seq: row._seq }]);
    await ann.run('DELETE FROM l.notes WHERE id = 1');
    const deleted = await live.change('s');
    assert.equal(deleted.change_type, 'delete');
    assert.equal(deleted.rows, undefined);
    assert.deepEqual({ ...deleted.old_values[0], _seq: 0, _updated: 0 },
        { id: '1', body: null, done: false, n: 6, _seq: 0, _updated: 0, _deleted: true });
    assert.ok(BigInt(deleted.old_values[0]._seq) > BigInt(updated.rows[0]._seq));
    await other.silent('s');
    await live.close();
    await other.close();
});

test('rows enter and leave the filter', async () => {
    const live = await Live.as(ann);
    await ann.run("INSERT INTO l.notes VALUES (10, 'in', true, 1), (11, 'out', false, NULL)");
    const { rows } = await live.initial('s', 'SELECT body FROM l.notes WHERE done = true AND id >= 10');
    assert.deepEqual(rows.map((row) => ({ ...row, _seq: 0 })), [{ body: 'in', _seq: 0 }]);
    await ann.run('UPDATE l.notes SET done = true WHERE id = 11');
    const entered = await live.change('s');
    assert.equal(entered.change_type, 'update');
    assert.equal(entered.old_values, undefined);
    assert.deepEqual(entered.rows.map((row) => ({ ...row, _seq: 0 })), [{ body: 'out', _seq: 0 }]);
    await ann.run('UPDATE l.notes SET n = 7 WHERE id = 11'); // not among the columns
    const other = await live.change('s');
    assert.deepEqual({ ...other.rows[0], _seq: 0 }, { id: '11', body: 'out', _seq: 0 });
    assert.deepEqual({ ...other.old_values[0], _seq: 0 }, { id: '11', _seq: 0 });
    await ann.run("UPDATE l.notes SET done = NULL, body = 'gone' WHERE id = 10");
    const left = await live.change('s');
    assert.equal(left.change_type, 'delete');
    assert.deepEqual({ ...left.old_values[0], _seq: 0 }, { body: 'in', _seq: 0 });
    await ann.run('UPDATE l.notes SET n = 8 WHERE id = 10'); // was out, is out
    await ann.run('DELETE FROM l.notes WHERE id >= 10');
    const deleted = await live.change('s');
    assert.equal(deleted.old_values[0].body, 'out');
    await live.silent('s');
    await live.close();
});

const filters = {
    "n IN (1, 2)": [1, 2], 'n BETWEEN 2 AND 4': [2, 3, 4], 'n IS NULL': [null], 'n IS NOT NULL': [1, 2, 3, 4, 5],
    "body LIKE 'a%'": [1, 3, 5], "body ILIKE 'A%'": [1, 3, 5], 'NOT (n > 2)': [1, 2], 'n * 2 + 1 = 7': [3],
    "j->>'k' = 'v3'": [3], 'upper(body) = \'A1\'': [1], 'owner = CURRENT_USER()': [1, 3, 5], 'n = 2 OR n = 4': [2, 4],
    'n <> 3': [1, 2, 4, 5], 'n + 0.5 < 3': [1, 2], "body > 'b'": [2, 4], '_deleted = false AND n = 1': [1],
    "ts >= '2026-01-03'": [3, 4, 5], 'd = 0.30': [3], 'length(body) = 2 AND n >= 4': [4, 5],
};

test('filters: the same rows as SELECT, first and live', async () => {
    await admin.run(`CREATE USER TABLE l.filters (id BIGINT PRIMARY KEY, n INT, body TEXT, j JSON, owner TEXT, ts TIMESTAMP, d DECIMAL(4,2))`);
    const values = [1, 2, 3, 4, 5, null].map((n, i) => n === null
        ? `(${i}, NULL, NULL, NULL, NULL, NULL, NULL)`
        : `(${i}, ${n}, '${n % 2 ? 'a' : 'b'}${n}', '{"k":"v${n}"}', '${n % 2 ? 'ann' : 'bob'}', '2026-01-0${n}', 0.${n}0)`);
    const live = await Live.as(ann);
    for (const [filter, expected] of Object.entries(filters)) {
        live.subscribe(filter, `SELECT n FROM l.filters WHERE ${filter}`, {});
        assert.deepEqual((await live.of(filter, 'initial_data_batch')).rows, [], filter);
    }
    await ann.run(`INSERT INTO l.filters VALUES ${values.join(', ')}`);
    for (const [filter, expected] of Object.entries(filters)) {
        const change = await live.change(filter);
        assert.deepEqual(change.rows.map((row) => row.n), expected, filter);
        assert.deepEqual(await ann.column(`SELECT n FROM l.filters WHERE ${filter}`), expected, filter);
    }
    await live.close();
    const again = await Live.as(ann);
    for (const [filter, expected] of Object.entries(filters)) {
        const { rows } = await again.initial(filter, `SELECT n FROM l.filters WHERE ${filter}`);
        assert.deepEqual(rows.map((row) => row.n), expected, filter);
    }
    await again.close();
});

test('what cannot be subscribed to is refused, and says why', async () => {
    const live = await Live.as(ann);
    const cases = [
        ['SELECT * FROM notes', 'INVALID_SQL', /namespace\.table/], ['SELECT * FROM l.missing', 'NOT_FOUND', /Not found: Table not found.*l\.missing/],
        ['SELECT nope FROM l.notes', 'INVALID_SQL', /nope/], ['SELEC', 'INVALID_SQL', /syntax/], ['', 'INVALID_SQL', /./],
        ['SELECT 1; SELECT 2', 'INVALID_SQL', /one statement/], ['INSERT INTO l.notes VALUES (1)', 'INVALID_SQL', /INSERT/],
        ['SELECT count(*) FROM l.notes', 'UNSUPPORTED', /row by row/], ['SELECT body FROM l.notes GROUP BY body', 'INVALID_SQL', /GROUP BY/],
        ['SELECT * FROM l.notes LIMIT 1', 'INVALID_SQL', /LIMIT/], ['SELECT DISTINCT body FROM l.notes', 'INVALID_SQL', /DISTINCT/],
        ['SELECT * FROM l.notes a, l.notes b', 'INVALID_SQL', /one table/], ['SELECT a.id FROM l.notes a JOIN l.notes b ON true', 'INVALID_SQL', /JOIN/],
        ['SELECT * FROM l.notes WHERE id IN (SELECT id FROM l.notes)', 'UNSUPPORTED', /row by row/],
        ['SELECT * FROM l.notes WHERE n > extract(year from now())', 'UNSUPPORTED', /time/], ['SELECT random() FROM l.notes', 'UNSUPPORTED', /new value/],
        ['SELECT _seq FROM l.notes', 'INVALID_SQL', /_seq/], ['SELECT id, body AS id FROM l.notes', 'INVALID_SQL', /two columns/],
        ['SELECT n AS id FROM l.notes', 'INVALID_SQL', /two columns/], ['SELECT * FROM l.notes WHERE id = $1', 'INVALID_SQL', /parameter/],
        ['SELECT * FROM system.users', 'UNAUTHORIZED', /./], ['WITH x AS (SELECT 1) SELECT * FROM l.notes', 'INVALID_SQL', /WITH/],
        ["SELECT * FROM l.notes WHERE n = 'x'", 'INVALID_SQL', /invalid input syntax/],
    ];
    for (const [i, [sql, code, words]] of cases.entries()) {
        live.subscribe(`c${i}`, sql, {});
        const error = await live.of(`c${i}`);
        assert.equal(error.type, 'error', sql);
        assert.equal(error.code, code, `${sql}: ${JSON.stringify(error)}`);
        assert.match(error.message, words, sql);
    }
    live.subscribe('  ', 'SELECT * FROM l.notes', {});
    assert.equal((await live.of('invalid_subscription')).code, 'INVALID_SUBSCRIPTION_ID');
    live.subscribe('l', 'SELECT * FROM l.notes', { last_rows: 11, batch_size: 10 });
    assert.equal((await live.of('l')).code, 'UNSUPPORTED');
    await live.initial('ordered', 'SELECT * FROM l.notes ORDER BY id DESC;'); // ORDER BY means nothing here
    await live.close();
});

async function fill(table, count, user = ann) {
    for (let from = 0; from < count; from += 500)
        await user.run(`INSERT INTO ${table} (id, body) VALUES ${Array.from({ length: Math.min(500, count - from) }, (_, i) => `(${from + i}, 'row ${from + i}')`).join(', ')}`);
}

for (const tier of ['hot', 'cold', 'mixed'])
    test(`initial rows, ${tier}: by _seq, in batches, the last ones, after a _seq`, async () => {
        const table = `l.initial_${tier}`;
        await admin.run(`CREATE USER TABLE ${table} (id BIGINT PRIMARY KEY, body TEXT)`);
        await fill(table, 25);
        if (tier !== 'hot') await flush(admin, table);
        await ann.run(`UPDATE ${table} SET body = 'changed' WHERE id IN (3, 7)`);
        await ann.run(`DELETE FROM ${table} WHERE id = 5`);
        if (tier === 'cold') await flush(admin, table);
        const seqs = (rows) => rows.map((row) => BigInt(row._seq));
        const all = await ann.objects(`SELECT * FROM ${table} ORDER BY _seq`);
        const live = await Live.as(ann);
        const pulled = Live.as(ann);
        const whole = await live.initial('a', `SELECT * FROM ${table}`);
        assert.deepEqual(whole.rows.map((row) => row.id), all.map((row) => row.id));
        assert.deepEqual(whole.rows, all);
        live.subscribe('b', `SELECT * FROM ${table}`, { batch_size: 10 });
        const rows = [];
        const ack = await live.of('b');
        assert.equal(ack.batch_control.status, 'loading');
        for (let number = 0; ; number++) {
            const batch = await live.of('b', 'initial_data_batch');
            assert.equal(batch.batch_control.batch_num, number);
            assert.equal(batch.batch_control.has_more, batch.batch_control.status !== 'ready');
            assert.equal('resume_from' in batch.batch_control, !batch.batch_control.has_more);
            assert.equal(batch.batch_control.last_seq_id, batch.rows.at(-1)._seq);
            rows.push(...batch.rows);
            if (!batch.batch_control.has_more) break;
            await live.silent('b'); // it waits to be asked
            live.send({ type: 'next_batch', subscription_id: 'b', last_seq_id: 1 }); // late
            await live.silent('b');
            live.send(`{"type":"next_batch","subscription_id":"b","last_seq_id":${batch.batch_control.last_seq_id}}`);
        }
        assert.deepEqual(rows, all);
        const last = await live.initial('c', `SELECT id FROM ${table} WHERE id <> 24`, { last_rows: 3 });
        assert.deepEqual(last.rows.map((row) => row.id), all.filter((row) => row.id !== '24').slice(-3).map((row) => row.id));
        assert.deepEqual((await live.initial('c0', `SELECT id FROM ${table}`, { last_rows: 0 })).rows, []);
        const from = all[10]._seq;
        const resumed = await live.initial('d', `SELECT * FROM ${table}`, { from });
        assert.deepEqual(resumed.rows, all.slice(11));
        const gone = resumed.batches.filter((message) => message.type === 'change');
        assert.deepEqual(gone.map((message) => [message.change_type, message.old_values[0].id]), [['delete', '5']]);
        const order = resumed.batches.flatMap((message) => seqs(message.rows ?? message.old_values));
        assert.deepEqual(order, order.toSorted?.((a, b) => (a < b ? -1 : 1)) ?? order);
        assert.equal(resumed.batches.at(-1).batch_control.status, 'ready');
        const nothing = await live.initial('e', `SELECT * FROM ${table}`, { from: order.at(-1).toString() });
        assert.deepEqual(nothing.rows, []);
        await (await pulled).close();
        await live.close();
    });

test('no options: no rows, ready at once, then changes', async () => {
    await ann.run("INSERT INTO l.notes VALUES (100, 'before', true, 1)");
    const live = await Live.as(ann);
    for (const [id, options] of [['null', null], ['absent', undefined]]) {
        live.subscribe(id, 'SELECT * FROM l.notes', options);
        const { resume_from, ...control } = (await live.of(id)).batch_control;
        assert.deepEqual(control, { batch_num: 0, has_more: false, status: 'ready', last_seq_id: null });
        assert.match(resume_from, /^\d+$/);
    }
    await ann.run("INSERT INTO l.notes VALUES (101, 'after', true, 1)");
    for (const id of ['null', 'absent']) assert.deepEqual((await live.change(id)).rows.map((row) => row.id), ['101']);
    await live.close();
});

test('resume_from: what was not told yet comes, though no row or change was seen', async () => {
    await admin.run('CREATE USER TABLE l.resumed (id BIGINT PRIMARY KEY, n INT)');
    await ann.run('INSERT INTO l.resumed VALUES (1, 1), (2, 2), (3, 3)');
    const sql = 'SELECT id FROM l.resumed WHERE n > 2';
    const [{ from }] = await ann.objects('SELECT max(_seq) AS from FROM l.resumed');
    for (const options of [null, {}, { last_rows: 0 }, { last_rows: 1 }, { from }]) {
        await ann.run('INSERT INTO l.resumed VALUES (4, 1)'); // newer than every row that matches
        const live = await Live.as(ann);
        const { ack, batches } = await live.initial('s', sql, options);
        const { resume_from } = (batches.at(-1) ?? ack).batch_control;
        await live.close();
        await ann.run('DELETE FROM l.resumed WHERE id = 4; INSERT INTO l.resumed VALUES (5, 5); UPDATE l.resumed SET n = n + 1 WHERE id = 3');
        const again = await Live.as(ann);
        const resumed = await again.initial('s', sql, { from: resume_from });
        assert.deepEqual(resumed.rows.map((row) => row.id), ['5', '3'], JSON.stringify(options));
        const gone = resumed.batches.filter((message) => message.type === 'change');
        assert.deepEqual(gone.map((message) => [message.change_type, message.old_values[0].id]), [['delete', '4']]);
        await again.close();
        await ann.run('DELETE FROM l.resumed WHERE id = 5');
    }
});

test('a message that signs in; pushed batches for clients that never ask', async () => {
    await admin.run('CREATE USER TABLE l.pushed (id BIGINT PRIMARY KEY, body TEXT)');
    await fill('l.pushed', 2500);
    const live = new Live(ann);
    await live.opened;
    live.subscribe('early', 'SELECT * FROM l.pushed', {});
    const refused = await live.next();
    assert.deepEqual([refused.type, refused.subscription_id, refused.code], ['error', 'subscribe', 'AUTH_REQUIRED']);
    live.send({ type: 'authenticate', method: 'jwt', token: ann.token, protocol: { serialization: 'json', compression: 'none' } });
    assert.deepEqual((await live.next()).protocol, { serialization: 'json', compression: 'none' });
    live.send({ type: 'authenticate', method: 'jwt', token: 'whatever' });
    assert.equal((await live.next()).type, 'auth_success');
    const { rows, batches } = await live.initial('s', 'SELECT id FROM l.pushed', { batch_size: 1000 });
    assert.equal(rows.length, 2500);
    assert.equal(batches.length, 3);
    assert.ok(live.frames.every(([isBinary]) => !isBinary));
    await live.close();
});

test('large initial batches are compressed, changes never', async () => {
    const live = await Live.as(ann);
    const { rows } = await live.initial('s', 'SELECT * FROM l.pushed');
    assert.equal(rows.length, 2500);
    assert.ok(live.frames.some(([isBinary]) => isBinary));
    const before = live.frames.length;
    await ann.run(`INSERT INTO l.pushed VALUES (9000, '${'x'.repeat(5000)}')`);
    await live.change('s');
    assert.ok(live.frames.slice(before).every(([isBinary]) => !isBinary));
    await live.close();
    const plain = await Live.as(ann, { query: '?compress=FALSE' });
    await plain.initial('s', 'SELECT * FROM l.pushed');
    assert.ok(plain.frames.every(([isBinary]) => !isBinary));
    await plain.close();
});

test('tokens that are no good: an error, and closed with 1008', async () => {
    for (const token of ['nonsense', `${ann.token}x`]) {
        const live = new Live(ann, { token });
        assert.deepEqual(await live.next(), { type: 'auth_error', message: 'Invalid credentials' });
        assert.deepEqual(await live.closed, { code: 1008, reason: 'Authentication failed' });
    }
});

test('malformed messages', async () => {
    for (const text of ['{', '[]', '{"type":"dance"}', '{"type":"subscribe"}', '{"type":"next_batch"}', 'null']) {
        const live = await Live.as(ann);
        live.send(text);
        const { code, reason } = await live.closed;
        assert.equal(code, 1011, text);
        assert.match(reason, /^Invalid message: /, text);
    }
    const live = await Live.as(ann);
    live.socket.send(Buffer.from([1, 2, 3]), { binary: true });
    assert.deepEqual(await live.next(), { type: 'error', subscription_id: 'protocol', code: 'UNSUPPORTED_DATA', message: 'Binary not supported' });
    live.send(JSON.stringify({ type: 'ping', padding: 'x'.repeat(1 << 20) }));
    assert.equal((await live.of('protocol')).code, 'MESSAGE_TOO_LARGE');
    live.send({ type: 'ping' });
    live.send({ type: 'unsubscribe', subscription_id: 'none' });
    await live.silent('s');
    await live.close();
});

test('one id again replaces; unsubscribe ends in silence', async () => {
    const live = await Live.as(ann);
    await live.initial('s', 'SELECT id FROM l.notes', null);
    await live.initial('s', 'SELECT body FROM l.notes', null);
    await ann.run("INSERT INTO l.notes VALUES (200, 'again', true, 1)");
    assert.deepEqual((await live.change('s')).rows.map((row) => [row.id, row.body]), [[undefined, 'again']]);
    live.send({ type: 'unsubscribe', subscription_id: 's' });
    await ann.run("INSERT INTO l.notes VALUES (201, 'unseen', true, 1)");
    await live.silent('s');
    await live.close();
});

test('the array form of older clients', async () => {
    await ann.run('DELETE FROM l.notes WHERE id >= 0');
    await ann.run("INSERT INTO l.notes VALUES (1, 'a', true, 1), (2, 'b', true, 1)");
    const live = await Live.as(ann, { path: '/ws' });
    live.send({ type: 'subscribe', subscriptions: [{ query_id: 'q1', sql: 'SELECT id FROM l.notes', options: { last_rows: 1 } }, { query_id: 'q2', sql: 'SELECT id FROM l.none' }] });
    const initial = await live.of('q1');
    assert.deepEqual([initial.type, initial.count, initial.rows.map((row) => row.id)], ['initial_data', 1, ['2']]);
    assert.equal((await live.of('q2')).code, 'NOT_FOUND');
    await ann.run('DELETE FROM l.notes WHERE id = 2');
    const change = await live.of('q1');
    assert.deepEqual([change.type, change.change_type, change.query_id], ['change', 'DELETE', 'q1']);
    await live.close();
});

test('who does not read is held up, and heard again afterwards', async () => {
    const live = await Live.as(ann);
    live.socket.pause();
    // Far more than limits allow: each is answered, with more bytes than it has.
    for (let i = 0; i < 200_000; i++) live.send('{"type":"ping"}');
    live.socket.resume();
    await live.next((message) => message.code === 'RATE_LIMIT_EXCEEDED', 'a refusal');
    let answer;
    do {
        live.messages.length = 0;
        live.subscribe('s', 'SELECT * FROM l.notes', {});
        answer = await live.next((message) => message.code === 'RATE_LIMIT_EXCEEDED' || message.type === 'subscription_ack', 'an answer');
    } while (answer.type !== 'subscription_ack');
    await live.close();
});

test('system.live shows who subscribes to what; KILL LIVE QUERY ends one', async () => {
    const live = await Live.as(ann);
    await live.initial('watch me', 'SELECT id FROM l.notes WHERE n = 4', { batch_size: 7 });
    const mine = "subscription_id = 'watch me'";
    const [row] = await admin.objects(`SELECT * FROM system.live WHERE ${mine}`);
    assert.deepEqual([row.user_id, row.namespace_id, row.table_name, row.query, row.options, row.status, row.index_column],
        ['ann', 'l', 'notes', 'SELECT id FROM l.notes WHERE n = 4', '{"batch_size":7}', 'active', 'n']);
    assert.match(row.live_id, /^ann-.*-watch me$/);
    await ann.run('INSERT INTO l.notes (id, n) VALUES (400, 4), (401, 5)');
    await live.change('watch me');
    const [after] = await admin.objects(`SELECT changes, last_update FROM system.live WHERE ${mine}`);
    assert.equal(after.changes, '1');
    assert.ok(after.last_update > 0);
    assert.equal((await ann.rows(`SELECT * FROM system.live_queries WHERE ${mine}`)).length, 1);
    assert.equal((await bob.rows(`SELECT * FROM system.live_queries WHERE ${mine}`)).length, 0);
    assert.match((await bob.post(`KILL LIVE QUERY '${row.live_id}'`)).text, /does not exist/);
    assert.equal(await ann.message(`KILL LIVE QUERY '${row.live_id}'`), `Live query killed: ${row.live_id}`);
    assert.equal((await live.of('watch me')).code, 'KILLED');
    await until('it is gone', async () => (await admin.rows(`SELECT * FROM system.live WHERE ${mine}`)).length === 0);
    await ann.run('INSERT INTO l.notes (id, n) VALUES (402, 4)');
    await live.silent('watch me');
    await live.close();
});

test('whoever subscribes while the table is being dropped is told', async (t) => {
    const hold = join(temporaryFolder(), 'hold');
    const held = await readyServer(t, {
        settings: { execution: { workers: 2 } },
        env: { KALAMDB_FAULT: 'store.before_commit:hold:0', KALAMDB_FAULT_HOLD: hold },
    });
    await held.admin.run('CREATE NAMESPACE l; CREATE USER TABLE l.doomed (id BIGINT PRIMARY KEY)');
    const live = await Live.as(await held.addUser('u'));
    writeFileSync(hold, '');
    const drop = held.admin.run('DROP TABLE l.doomed'); // has looked for subscriptions, waits for the committer
    await until('the drop is with the committer', async () =>
        (await held.admin.value("SELECT metric_value FROM system.stats WHERE metric_name = 'commit_queue_length'")) === '1');
    live.send({ type: 'subscribe', subscription: { id: 'late', sql: 'SELECT * FROM l.doomed' } });
    assert.equal((await live.of('late')).type, 'subscription_ack');
    rmSync(hold);
    await drop;
    const told = await live.of('late');
    assert.deepEqual([told.type, told.code, told.message], ['error', 'NOT_FOUND', 'Not found: Table not found: table l.doomed was dropped']);
    await until('it is gone', async () => (await held.admin.rows('SELECT * FROM system.live')).length === 0);
    await live.close();
});

test('SUBSCRIBE TO finds a table without its namespace where SELECT does', async () => {
    const sqlOf = async (sql, namespace_id) =>
        JSON.parse((await ann.run(sql, undefined, { namespace_id })).at(-1).rows[0][2]).sql;
    for (const [sql, namespace] of [['SUBSCRIBE TO notes WHERE n = 3', 'l'], ['USE l; SUBSCRIBE TO notes WHERE n = 3']]) {
        const query = await sqlOf(sql, namespace);
        assert.equal(query, 'SELECT * FROM "l".notes WHERE n = 3');
        const live = await Live.as(ann);
        await live.initial('s', query); // it can be sent as it is
        await live.close();
    }
    assert.equal(await sqlOf('SUBSCRIBE TO l.notes', 'default'), 'SELECT * FROM l.notes');
    await admin.run('CREATE SHARED TABLE default.unqualified (id INT PRIMARY KEY) WITH (ACCESS_LEVEL = \'public\')');
    assert.equal(await sqlOf('/* é */ SUBSCRIBE /* l.x */ TO SELECT id FROM ONLY "unqualified" AS u'),
        'SELECT id FROM ONLY "default"."unqualified" AS u');
    assert.match((await ann.post('SUBSCRIBE TO notes')).text, /SQL statement failed/); // not in default
    assert.match((await admin.post('SUBSCRIBE TO notes', undefined, { namespace_id: 'none' })).text, /none\.notes/);
});

test('SUBSCRIBE TO over HTTP checks the query and says how to go on; EXPLAIN how it is matched', async () => {
    const [row] = await ann.objects("SUBSCRIBE TO l.notes WHERE n = 3 OPTIONS (last_rows = 5)");
    assert.equal(row.status, 'active');
    assert.match(row.ws_url, /\/v1\/ws$/);
    const subscription = JSON.parse(row.subscription);
    assert.equal(subscription.sql, 'SELECT * FROM l.notes WHERE n = 3');
    assert.deepEqual(subscription.options, { last_rows: 5 });
    const live = await Live.as(ann);
    live.send({ type: 'subscribe', subscription });
    assert.equal((await live.next()).type, 'subscription_ack');
    await live.close();
    assert.match((await ann.post('SUBSCRIBE TO l.notes OPTIONS (nonsense = 1)')).text, /unknown option/);
    assert.match((await ann.post('SUBSCRIBE TO SELECT count(*) FROM l.notes')).text, /row by row/);
    const plan = (await admin.rows('EXPLAIN SUBSCRIBE TO l.notes WHERE n = 3 AND body IS NULL')).map((line) => line.join(': ')).join('\n');
    assert.match(plan, /column "n"/);
});

test('DROP TABLE is refused while somebody subscribes, and says how many', async () => {
    await admin.run('CREATE USER TABLE l.held (id BIGINT PRIMARY KEY)');
    const [one, two] = [await Live.as(ann), await Live.as(bob)];
    await one.initial('a', 'SELECT * FROM l.held');
    await two.initial('a', 'SELECT * FROM l.held WHERE id = 1');
    await two.initial('b', 'SELECT * FROM l.held', null);
    const refused = await admin.post('DROP TABLE l.held');
    assert.equal(refused.status, 400);
    assert.match(refused.text, /3/);
    await one.close();
    await two.close();
    await until('nobody is left', async () => (await admin.post('DROP TABLE l.held')).status === 200);
});

test('limits: subscriptions of a connection, of a user, messages per second', async (t) => {
    const small = await readyServer(t, { settings: {
        rate_limit: { max_subscriptions_per_user: 3, max_messages_per_sec: 20 }, websocket: { max_subscriptions_per_connection: 2 },
    } });
    await small.admin.run('CREATE NAMESPACE l; CREATE USER TABLE l.t (id BIGINT PRIMARY KEY)');
    const user = await small.addUser('u');
    const [one, two] = [await Live.as(user), await Live.as(user)];
    await one.initial('a', 'SELECT * FROM l.t');
    await one.initial('b', 'SELECT * FROM l.t');
    one.subscribe('c', 'SELECT * FROM l.t', {});
    const full = await one.of('c');
    assert.deepEqual([full.code, /Maximum subscriptions \(2\) per connection exceeded/.test(full.message)], ['UNSUPPORTED', true]);
    await two.initial('a', 'SELECT * FROM l.t');
    two.subscribe('b', 'SELECT * FROM l.t', {});
    assert.equal((await two.of('b')).code, 'SUBSCRIPTION_LIMIT_EXCEEDED');
    await one.close();
    await until('room again', async () => {
        two.subscribe('b', 'SELECT * FROM l.t', {});
        return (await two.of('b')).type === 'subscription_ack';
    });
    const three = await Live.as(user);
    for (let i = 0; i < 40; i++) three.send({ type: 'ping' });
    const slow = await three.of('rate_limit');
    assert.deepEqual([slow.code, slow.message], ['RATE_LIMIT_EXCEEDED', 'Too many messages']);
    await three.close();
});

test('who loses the right to be here is closed with 1008: role, removal', async () => {
    const changed = await server.addUser('changed');
    const removed = await server.addUser('removed');
    const lives = [await Live.as(changed), await Live.as(removed)];
    for (const live of lives) await live.initial('s', 'SELECT * FROM l.notes');
    await admin.run("ALTER USER changed SET ROLE 'service'; DROP USER removed");
    for (const live of lives) assert.equal((await live.closed).code, 1008);
});

test('nobody signs in: an error, then closed', async (t) => {
    const hasty = await readyServer(t, { settings: { websocket: { auth_timeout_secs: '200ms' } } });
    const live = new Live(hasty.admin);
    assert.match((await live.next()).message, /^Authentication timeout/);
    assert.deepEqual(await live.closed, { code: 1008, reason: 'Authentication timeout' });
});

test('silence is closed with 1000; any frame counts as life', async (t) => {
    const strict = await readyServer(t, { settings: { websocket: { client_timeout_secs: '1s' } } });
    const silent = await Live.as(strict.admin);
    const alive = await Live.as(strict.admin);
    const timer = setInterval(() => alive.socket.ping(), 100);
    assert.deepEqual(await silent.closed, { code: 1000, reason: 'Heartbeat timeout' });
    await alive.silent('s');
    clearInterval(timer);
    await alive.close();
});

test('origins that CORS does not know are refused before the upgrade', async (t) => {
    const picky = await readyServer(t, { settings: {
        'security.cors': { allowed_origins: ['https://good.example'] }, security: { strict_ws_origin_check: true },
    } });
    for (const [origin, message] of [['https://evil.example', /403/], [undefined, /403/]]) {
        const live = new Live(picky.admin, { token: picky.admin.token, headers: origin ? { Origin: origin } : {} });
        await assert.rejects(live.opened, message);
    }
    await (await Live.as(picky.admin, { headers: { Origin: 'https://good.example' } })).close();
});

test('the server stops: closed with 1001, and the client resumes where it was', async (t) => {
    const stopping = await readyServer(t);
    await stopping.admin.run('CREATE NAMESPACE l; CREATE USER TABLE l.t (id BIGINT PRIMARY KEY)');
    const live = await Live.as(stopping.admin);
    await live.initial('s', 'SELECT * FROM l.t');
    await stopping.admin.run('INSERT INTO l.t VALUES (1), (2)');
    const seen = (await live.change('s')).rows.at(-1)._seq;
    const closed = live.closed;
    await stopping.stop();
    assert.deepEqual(await closed, { code: 1001, reason: 'Server shutting down' });
    await stopping.start();
    await stopping.admin.run('INSERT INTO l.t VALUES (3); DELETE FROM l.t WHERE id = 1');
    const again = await Live.as(stopping.admin);
    const { rows, batches } = await again.initial('s', 'SELECT * FROM l.t', { from: seen });
    assert.deepEqual(rows.map((row) => row.id), ['3']);
    assert.deepEqual(batches.filter((message) => message.type === 'change').map((message) => message.old_values[0].id), ['1']);
    await again.close();
});

test('history that retention may have removed: start again', async () => {
    await admin.run("CREATE USER TABLE l.short (id BIGINT PRIMARY KEY) WITH (deleted_retention = '1s')");
    await ann.run('INSERT INTO l.short VALUES (1)');
    const live = await Live.as(ann);
    const { rows } = await live.initial('s', 'SELECT * FROM l.short');
    await until('it is old', async () => {
        live.send(`{"type":"subscribe","subscription":{"id":"r","sql":"SELECT * FROM l.short","options":{"from":${rows[0]._seq}}}}`);
        const first = await live.of('r');
        if (first.type === 'error') {
            assert.equal(first.code, 'HISTORY_GONE');
            assert.match(first.message, /subscribe again without/);
            return true;
        }
        await live.of('r', 'initial_data_batch');
        return false;
    });
    await live.close();
});

test('MessagePack: the same messages in another form', async () => {
    await ann.run('DELETE FROM l.notes WHERE id >= 0');
    await ann.run("INSERT INTO l.notes VALUES (1, 'é', true, -1)");
    const live = await Live.as(ann, { query: '?serialization=msgpack&compression=none' });
    const plain = await Live.as(ann, { query: '?compress=false' });
    const both = async (message) => {
        for (const each of [live, plain]) each.send(message);
    };
    await both({ type: 'subscribe', subscription: { id: 's', sql: 'SELECT * FROM l.notes', options: {} } });
    for (let i = 0; i < 2; i++) assert.deepEqual(await live.next(), await plain.next());
    for (const sql of ["INSERT INTO l.notes VALUES (2, NULL, false, 70000)", 'UPDATE l.notes SET n = NULL WHERE id = 1', 'DELETE FROM l.notes WHERE id = 2']) {
        await ann.run(sql);
        assert.deepEqual(await live.change('s'), await plain.change('s'));
    }
    live.socket.send(live.pack({ type: 'unsubscribe', subscription_id: 's' }));
    live.socket.send(live.pack({ type: 'subscribe', subscription: { id: 'again', sql: 'SELECT id FROM l.notes', options: { last_rows: 1 } } }));
    assert.equal((await live.next()).subscription_id, 'again');
    assert.equal((await live.next()).rows[0].id, '1');
    live.socket.send(Buffer.from([0xc1]));
    assert.equal((await live.of('protocol')).code, 'UNSUPPORTED_DATA'); // errors are JSON
    await live.close();
    await plain.close();
});

test('a stalled reader delays nobody and is caught up', async (t) => {
    const small = await readyServer(t, { settings: { websocket: { queue_bytes: '8KiB' } } });
    await small.admin.run('CREATE NAMESPACE l; CREATE USER TABLE l.t (id BIGINT PRIMARY KEY, body TEXT)');
    const user = await small.addUser('u');
    const [stalled, quick] = [await Live.as(user), await Live.as(user)];
    for (const live of [stalled, quick]) await live.initial('s', 'SELECT * FROM l.t');
    stalled.socket.pause();
    const rows = 600; // more than the kernel takes for a client
    const told = new Mirror();
    for (let i = 0; i < rows; i++) {
        await user.run(`INSERT INTO l.t VALUES (${i}, '${String(i).padStart(40_000, 'x')}')`);
        told.apply(await quick.change('s'));
    }
    assert.equal(told.rows.size, rows);
    await user.run("UPDATE l.t SET body = 'short' WHERE id < 10; DELETE FROM l.t WHERE id >= 590");
    const [lagging] = await small.admin.objects("SELECT status, dropped FROM system.live WHERE status = 'lagging'");
    assert.ok(Number(lagging?.dropped) > 0, JSON.stringify(lagging));
    stalled.socket.resume();
    await until('nobody lags', async () => (await small.admin.objects("SELECT 1 FROM system.live WHERE status = 'lagging'")).length === 0);
    await user.run("INSERT INTO l.t VALUES (1000, 'live again')");
    const caught = new Mirror();
    while (!caught.rows.has('1000')) caught.apply(await stalled.change('s'));
    const expected = await user.objects('SELECT id, _seq FROM l.t');
    assert.deepEqual([...caught.rows.values()].map(({ id, _seq }) => `${id} ${_seq}`).sort(), expected.map(({ id, _seq }) => `${id} ${_seq}`).sort());
    await stalled.close();
    await quick.close();
});

test('a stalled reader of large rows is caught up in steps', async (t) => {
    const small = await readyServer(t, { settings: { websocket: { queue_bytes: '8KiB' }, limits: { request_memory_bytes: '16MiB' } } });
    await small.admin.run('CREATE NAMESPACE l; CREATE USER TABLE l.t (id BIGINT PRIMARY KEY, body TEXT)');
    const user = await small.addUser('u');
    const stalled = await Live.as(user);
    await stalled.initial('s', 'SELECT * FROM l.t');
    stalled.socket.pause();
    const rows = 100; // far more than one request may use
    for (let i = 0; i < rows; i++) await user.run(`INSERT INTO l.t VALUES (${i}, '${String(i).padStart(400_000, 'x')}')`);
    await user.run('DELETE FROM l.t WHERE id < 10');
    stalled.socket.resume();
    const caught = new Mirror();
    while (!(caught.rows.has(String(rows - 1)) && caught.rows.size === rows - 10)) caught.apply(await stalled.change('s'));
    await stalled.close();
});

test('several changes of one key at once: each is told, in order', async () => {
    const live = await Live.as(ann);
    await live.initial('s', 'SELECT id, n FROM l.notes WHERE id = 500');
    await ann.run(`INSERT INTO l.notes (id, n) VALUES (500, 1); UPDATE l.notes SET n = 2 WHERE id = 500; UPDATE l.notes SET n = 3 WHERE id = 500;
        DELETE FROM l.notes WHERE id = 500; INSERT INTO l.notes (id, n) VALUES (500, 4); DELETE FROM l.notes WHERE id = 500`);
    const told = [];
    for (let i = 0; i < 6; i++) told.push(await live.change('s'));
    assert.deepEqual(told.map((change) => [change.change_type, change.rows?.[0].n, change.old_values?.[0].n]), [
        ['insert', 1, undefined], ['update', 2, 1], ['update', 3, 2], ['delete', undefined, 3], ['insert', 4, undefined], ['delete', undefined, 4],
    ]);
    await live.silent('s');
    await live.close();
});

test('changes of flushed rows say what they were', async () => {
    await admin.run('CREATE USER TABLE l.cold (id BIGINT PRIMARY KEY, n INT)');
    await ann.run('INSERT INTO l.cold VALUES (1, 1), (2, 2), (3, 3)');
    await flush(admin, 'l.cold');
    const live = await Live.as(ann);
    const { rows } = await live.initial('s', 'SELECT id, n FROM l.cold WHERE n > 1');
    assert.deepEqual(rows.map((row) => row.id), ['2', '3']);
    await ann.run('UPDATE l.cold SET n = 20 WHERE id = 2');
    const updated = await live.change('s');
    assert.deepEqual([updated.change_type, updated.rows[0].n, updated.old_values[0].n], ['update', 20, 2]);
    await ann.run('UPDATE l.cold SET n = 0 WHERE id = 3');
    const left = await live.change('s');
    assert.deepEqual([left.change_type, left.old_values[0].n], ['delete', 3]);
    await flush(admin, 'l.cold');
    await ann.run('DELETE FROM l.cold WHERE id = 2; UPDATE l.cold SET n = 10 WHERE id = 1');
    const deleted = await live.change('s');
    assert.deepEqual([deleted.change_type, deleted.old_values[0].n], ['delete', 20]);
    const entered = await live.change('s');
    assert.deepEqual([entered.change_type, entered.rows[0].n, entered.old_values], ['update', 10, undefined]);
    await live.silent('s');
    await live.close();
});

test('EXECUTE AS USER: whose rows change hears of it, nobody else', async () => {
    const lives = [await Live.as(ann), await Live.as(bob), await Live.as(admin)];
    for (const live of lives) await live.initial('s', 'SELECT id FROM l.notes WHERE id = 600');
    await admin.run("EXECUTE AS USER 'ann' (INSERT INTO l.notes (id) VALUES (600))");
    assert.equal((await lives[0].change('s')).rows[0].id, '600');
    await admin.run("EXECUTE AS USER 'ann' (DELETE FROM l.notes WHERE id = 600)");
    assert.equal((await lives[0].change('s')).change_type, 'delete');
    for (const live of lives) {
        await live.silent('s');
        await live.close();
    }
});

test('SHARED tables: who may read may subscribe', async () => {
    await admin.run(`CREATE SHARED TABLE l.closed (id BIGINT PRIMARY KEY) WITH (ACCESS_LEVEL = 'private');
        CREATE SHARED TABLE l.open (id BIGINT PRIMARY KEY) WITH (ACCESS_LEVEL = 'public')`);
    const lives = [await Live.as(ann), await Live.as(admin)];
    lives[0].subscribe('closed', 'SELECT * FROM l.closed', {});
    const refused = await lives[0].of('closed');
    assert.deepEqual([refused.type, refused.code], ['error', 'UNAUTHORIZED']);
    await lives[1].initial('closed', 'SELECT * FROM l.closed');
    for (const live of lives) await live.initial('open', 'SELECT * FROM l.open');
    await admin.run('INSERT INTO l.closed VALUES (1); INSERT INTO l.open VALUES (2)');
    for (const live of lives) assert.equal((await live.change('open')).rows[0].id, '2');
    assert.equal((await lives[1].change('closed')).rows[0].id, '1');
    await lives[0].silent('closed');
    for (const live of lives) await live.close();
});

test('a connection ends with its token', async (t) => {
    const brief = await readyServer(t, { settings: { auth: { jwt_expiry_hours: '2s' } } });
    const live = new Live(brief.admin, { token: brief.admin.token });
    assert.deepEqual(await live.closed, { code: 1008, reason: 'Token expired' });
});

test('nobody is ever told of the rows of another', async () => {
    await admin.run('CREATE USER TABLE l.canaries (id BIGINT PRIMARY KEY, body TEXT, n INT)');
    const sqls = ['SELECT * FROM l.canaries', 'SELECT id, body FROM l.canaries WHERE n = 3', "SELECT body FROM l.canaries WHERE body LIKE 'canary%'",
        'SELECT id, CURRENT_USER() AS me, body FROM l.canaries WHERE n < 5'];
    const options = [{}, { query: '?serialization=msgpack' }];
    const rows = 150;
    const pages = [];
    for (const [client, other] of [[ann, bob], [bob, ann]])
        for (const option of options) {
            const live = await Live.as(client, option);
            for (const [i, sql] of sqls.entries()) await live.initial(`${i}`, sql);
            pages.push({ client, other, live });
        }
    await Promise.all([ann, bob].map(async (client) => {
        for (let i = 0; i < rows; i++) {
            await client.run(`INSERT INTO l.canaries VALUES (${i}, 'canary of ${client.user}', ${i % 10})`);
            if (i % 3 === 0) await client.run(`UPDATE l.canaries SET n = n + 1 WHERE id = ${i}`);
            if (i % 7 === 0) await client.run(`DELETE FROM l.canaries WHERE id = ${i}`);
        }
    }));
    for (const { client, other, live } of pages) {
        const last = (message) => message.subscription_id === '0' && message.rows?.some((row) => row.id === `${rows - 1}`);
        const told = await live.next(last, 'the last row');
        const all = JSON.stringify([told, ...live.messages]);
        assert.ok(all.includes(`canary of ${client.user}`));
        assert.ok(!all.includes(`canary of ${other.user}`), all.slice(0, 2000));
        assert.ok(!all.includes(`"me":"${other.user}"`));
        await live.close();
    }
});

testStop(server);
