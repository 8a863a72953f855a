// SPDX-License-Identifier: Apache-2.0
// Live queries over real sockets: the protocol, what changes look like, one order for all.
import assert from 'node:assert/strict';
import { Live } from './lib/live.mjs';
import { readyServer } from './lib/server.mjs';
import { flush, test, testStop } from './lib/suite.mjs';

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
    assert.deepEqual(ack.batch_control, { batch_num: 0, has_more: false, status: 'ready', last_seq_id: null });
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

testStop(server);
