// SPDX-License-Identifier: Apache-2.0
// Whatever happens, a subscriber that applies what it is told ends with what SELECT returns: random
// writers, filters, disconnects, resumes, stalls and flushes. KDB_SEED repeats a run.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { Live, Mirror } from './lib/live.mjs';
import { readyServer } from './lib/server.mjs';
import { flush, test, testStop } from './lib/suite.mjs';
import { until } from './lib/until.mjs';

const SEED = Number(process.env.KDB_SEED ?? Date.now() % 1_000_000_007);
const WRITES = Number(process.env.KDB_WRITES ?? 250); // statements of each writer
const KEYS = 200;

function random(seed) {
    let state = BigInt(seed) * 2862933555777941757n + 3037000493n;
    return (below) => {
        state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
        return Number((state >> 33n) % BigInt(below));
    };
}

// Small limits, so that clients lag and held changes overflow.
const settings = { websocket: { queue_bytes: '8KiB', held_bytes: '4KiB' } };
const server = await readyServer(null, { settings });
const admin = server.admin;
await admin.run('CREATE NAMESPACE l');
const COLUMNS = '(id BIGINT PRIMARY KEY, grp INT, body TEXT, n INT)';
await admin.run(`CREATE USER TABLE l.own ${COLUMNS}`);
await admin.run(`CREATE SHARED TABLE l.shared ${COLUMNS} WITH (ACCESS_LEVEL = 'public')`);
const ann = await server.addUser('ann');
const bob = await server.addUser('bob');
const service = await server.addUser('robot', 'service');

const FILTERS = ['', 'WHERE grp = 1', 'WHERE grp = 2 AND n > 50', 'WHERE n BETWEEN 20 AND 70', 'WHERE body IS NULL',
    "WHERE body LIKE 'w%' AND id % 3 = 1", 'WHERE n IN (1, 2, 3, 50)', 'WHERE id = 7', 'WHERE NOT (grp = 3)'];
const PROJECTIONS = ['*', 'id, body', 'id, n * 2 AS twice, grp'];

async function write(client, table, next, seed) {
    const value = () => `${next(4)}, ${next(3) === 0 ? 'NULL' : `'w${seed}-${next(1000)}'`}, ${next(5) === 0 ? 'NULL' : next(100)}`;
    const statements = [
        () => `INSERT INTO ${table} VALUES ${Array.from({ length: 1 + next(5) }, () => `(${next(KEYS)}, ${value()})`).join(', ')}`,
        () => `INSERT INTO ${table} VALUES (${next(KEYS)}, ${value()})`,
        () => `UPDATE ${table} SET n = n + 1 WHERE id % 7 = ${next(7)} AND n < 90`,
        () => `UPDATE ${table} SET grp = ${next(4)}, body = NULL WHERE id = ${next(KEYS)}`,
        () => `UPDATE ${table} SET body = 'w${seed}', n = ${next(100)} WHERE id BETWEEN ${next(KEYS)} AND ${next(KEYS)}`,
        () => `DELETE FROM ${table} WHERE id = ${next(KEYS)}`,
        () => `DELETE FROM ${table} WHERE id % 11 = ${next(11)} AND grp = ${next(4)}`,
    ];
    for (let i = 0; i < WRITES; i++) {
        const answer = await client.post(statements[next(statements.length)]());
        // A key that is there already is no failure of ours.
        assert.ok(answer.status === 200 || /already exists|primary key/i.test(answer.text), answer.text);
    }
}

// One subscriber: subscribes, applies, now and then breaks off and comes back with what it has.
class Subscriber {
    constructor(client, sql, next) {
        Object.assign(this, { client, sql, next, mirror: new Mirror(), resumes: 0, stalls: 0, events: 0 });
    }

    async connect() {
        const isFirst = this.mirror.seq === 0n;
        this.live = await Live.as(this.client);
        const live = this.live;
        const take = live.wake.bind(live);
        live.wake = () => {
            for (const message of live.messages.splice(0)) {
                if (message.type === 'error') this.error = message;
                this.mirror.apply(message);
                this.events += message.type === 'change' ? 1 : 0;
                this.ready ||= message.batch_control?.status === 'ready';
            }
            take();
        };
        this.ready = false;
        const options = this.next(2) ? '' : `"batch_size":${1 + this.next(50)}`;
        const from = isFirst ? '' : `"from":${this.mirror.seq}`;
        if (isFirst) this.mirror.rows.clear();
        const all = [options, from].filter(Boolean).join(',');
        live.send(`{"type":"subscribe","subscription":{"id":"s","sql":${JSON.stringify(this.sql)},"options":{${all}}}}`);
        if (options) this.pull(live);
    }

    // Asks for batch after batch, as native clients do.
    pull(live) {
        const apply = live.wake;
        live.wake = () => {
            for (const message of live.messages)
                if (message.batch_control?.has_more && message.type === 'initial_data_batch')
                    live.send(`{"type":"next_batch","subscription_id":"s","last_seq_id":${message.batch_control.last_seq_id}}`);
            apply();
        };
    }

    async run(isOver) {
        await this.connect();
        while (!isOver()) {
            await pause(20 + this.next(150));
            const choice = this.next(6);
            if (choice === 0) {
                this.live.cut();
                await this.live.closed;
                this.resumes++;
                await this.connect();
            } else if (choice === 1) {
                this.live.socket.pause();
                this.stalls++;
                await pause(50 + this.next(200));
                this.live.socket.resume();
            }
        }
    }

    rows() {
        return [...this.mirror.rows.values()]
            .map(({ _updated, _deleted, ...row }) => row)
            .sort((a, b) => Number(a.id) - Number(b.id))
            .map((row) => JSON.stringify(row, Object.keys(row).sort()));
    }

    async expected() {
        const columns = /^SELECT (.*) FROM/.exec(this.sql)[1];
        const rows = await this.client.objects(`${this.sql.replace(columns, columns === '*' ? '*' : `${columns}, _seq`)} ORDER BY id`);
        return rows.map(({ _updated, _deleted, ...row }) => JSON.stringify(row, Object.keys(row).sort()));
    }
}

test(`subscribers end with what SELECT returns (KDB_SEED=${SEED})`, { timeout: 220_000 }, async () => {
    const next = random(SEED);
    const subscribers = [];
    for (let i = 0; i < 36; i++) {
        const table = i % 3 === 2 ? 'l.shared' : 'l.own';
        const client = i % 2 ? ann : bob;
        const sql = `SELECT ${PROJECTIONS[next(PROJECTIONS.length)]} FROM ${table} ${FILTERS[i % FILTERS.length]}`.trim();
        subscribers.push(new Subscriber(client, sql, random(SEED + i)));
    }
    let isOver = false;
    const running = subscribers.map((subscriber) => subscriber.run(() => isOver));
    const writers = [write(ann, 'l.own', random(SEED + 1001), 1), write(ann, 'l.own', random(SEED + 1002), 2),
        write(bob, 'l.own', random(SEED + 1003), 3), write(service, 'l.shared', random(SEED + 1004), 4)];
    const flushing = (async () => {
        while (!isOver) {
            await flush(admin, 'l.own');
            await flush(admin, 'l.shared');
            await pause(100);
        }
    })();
    await Promise.all(writers);
    isOver = true;
    await Promise.all([...running, flushing]);
    for (const subscriber of subscribers) {
        let seen;
        await until(`${subscriber.sql} of ${subscriber.client.user} agrees`, async () => {
            seen = [subscriber.rows(), await subscriber.expected()];
            return JSON.stringify(seen[0]) === JSON.stringify(seen[1]);
        }, 20).catch((error) => {
            const extra = seen[0].filter((row) => !seen[1].includes(row));
            const missing = seen[1].filter((row) => !seen[0].includes(row));
            assert.fail(`${error.message}; ${subscriber.resumes} resumes, ${subscriber.stalls} stalls, error ${JSON.stringify(subscriber.error)}\n`
                + `it has but should not: ${extra.join('\n')}\nit should have: ${missing.join('\n')}`);
        });
    }
    const sum = (field) => subscribers.reduce((total, subscriber) => total + subscriber[field], 0);
    console.log(`${sum('events')} changes, ${sum('resumes')} resumes, ${sum('stalls')} stalls`);
    assert.ok(sum('resumes') > 0 && sum('events') > 100);
    await Promise.all(subscribers.map((subscriber) => subscriber.live.close()));
});

// Breaks off in the middle of whatever comes, and comes back with the newest _seq it has. Every row is
// told once, in order: with only inserts, what a mirror would forgive shows.
class Reconnecting {
    constructor(client, next) {
        Object.assign(this, { client, next, ids: [], seq: null, connects: 0 });
    }

    take(message) {
        assert.notEqual(message.type, 'error', JSON.stringify(message));
        for (const row of message.rows ?? []) {
            assert.ok(this.seq === null || BigInt(row._seq) > this.seq, `row ${row.id} is not newer than what was told`);
            this.seq = BigInt(row._seq);
            this.ids.push(Number(row.id));
        }
    }

    // Until so many further rows were told; isOver ends the last one.
    async listen(wanted, isOver = () => false) {
        const live = await Live.as(this.client);
        this.connects++;
        const from = this.seq === null ? '' : `"from":${this.seq}`;
        live.send(`{"type":"subscribe","subscription":{"id":"r","sql":"SELECT id FROM l.numbers","options":{${from}}}}`);
        const enough = this.ids.length + wanted;
        while (this.ids.length < enough && !isOver(this.ids)) this.take(await live.next());
        live.cut();
        await live.closed;
    }
}

test('1,000 forced reconnects lose nothing and tell nothing twice', { timeout: 220_000 }, async () => {
    const CLIENTS = 20;
    const EACH = 50;
    await admin.run('CREATE USER TABLE l.numbers (id BIGINT PRIMARY KEY)');
    const clients = Array.from({ length: CLIENTS }, (_, i) => new Reconnecting(ann, random(SEED + i)));
    let isOver = false;
    let written = 0;
    const writing = (async () => {
        for (; !isOver; written += 3)
            await ann.run(`INSERT INTO l.numbers VALUES (${written}), (${written + 1}), (${written + 2})`);
    })();
    await Promise.all(clients.map(async (client) => {
        for (let i = 0; i < EACH; i++) await client.listen(1 + client.next(4));
    }));
    isOver = true;
    await writing;
    for (const client of clients) {
        await client.listen(Infinity, (ids) => ids.length >= written);
        assert.deepEqual(client.ids, Array.from({ length: written }, (_, i) => i));
    }
    assert.equal(clients.reduce((total, client) => total + client.connects - 1, 0), CLIENTS * EACH);
});

testStop(server);
