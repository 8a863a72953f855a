// SPDX-License-Identifier: Apache-2.0
// kill -9 at every named point of commit and flush, and at random under load: what was acknowledged is
// there exactly once, nothing half done is visible, manifests and files agree.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readyServer, root } from './lib/server.mjs';
import { counters, files, flush, manifest, mirror, scopeFolder, segments, test } from './lib/suite.mjs';
import { until } from './lib/until.mjs';

const USERS = ['ann', 'b:ob'];
const WRITERS = 6;
const KEYS = 400; // few enough that keys are deleted and inserted again all the time

const seed = Number(process.env.KALAMDB_E2E_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`# KALAMDB_E2E_SEED=${seed}`);

// A small generator, so that a run can be had again.
function generator(start) {
    let state = start >>> 0;
    return (below) => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) % below;
    };
}

// Every point that the source names.
function faultPoints() {
    const points = new Set();
    const look = (folder) => {
        for (const entry of readdirSync(folder, { withFileTypes: true })) {
            if (entry.isDirectory()) look(join(folder, entry.name));
            else if (/\.c$/.test(entry.name))
                for (const [, point] of readFileSync(join(folder, entry.name), 'utf8')
                    .matchAll(/(?:kdb_fault_point\(|injected\(\w+, )"([a-z_.]+)"/g)) points.add(point);
        }
    };
    look(join(root, 'src'));
    return [...points].sort();
}

// What is known of the rows of each user: the values that a key may have now. undefined: no row.
class Model {
    constructor() {
        this.rows = new Map();
        this.acknowledged = 0;
        this.next = 0; // makes every value different
    }

    possible(user, id) {
        return this.rows.get(`${user}/${id}`) ?? [undefined];
    }

    // What a statement makes of the row, and how it is written.
    operation(user, id, random) {
        const [now] = this.possible(user, id);
        const value = `v${this.next++}`;
        if (now === undefined) return { value, sql: `INSERT INTO c.t VALUES (${id}, '${value}')`, count: 1 };
        if (random(3) === 0) return { value: undefined, sql: `DELETE FROM c.t WHERE id = ${id}`, count: 1 };
        return { value, sql: `UPDATE c.t SET v = '${value}' WHERE id = ${id}`, count: 1 };
    }

    begin(user, id, value) {
        this.rows.set(`${user}/${id}`, [...this.possible(user, id), value]);
    }

    acknowledge(user, id, value) {
        this.rows.set(`${user}/${id}`, [value]);
        this.acknowledged++;
    }
}

// One writer: its own keys, one statement at a time, until the server is gone.
async function write(client, model, worker, random, limit) {
    const user = client.user;
    while (model.acknowledged < limit) {
        const id = random(Math.floor(KEYS / WRITERS)) * WRITERS + worker;
        const { value, sql, count } = model.operation(user, id, random);
        model.begin(user, id, value);
        let answer;
        try {
            answer = await client.post(sql);
        } catch {
            return;
        }
        assert.equal(answer.status, 200, `${sql}: ${answer.text}`);
        assert.equal(answer.body.results[0].row_count, count, sql);
        model.acknowledge(user, id, value);
    }
}

function load(clients, model, random, limit = Infinity) {
    return Promise.all(clients.flatMap((client) =>
        Array.from({ length: WRITERS }, (_, worker) => write(client, model, worker, generator(random(2 ** 30)), limit))));
}

// Compares what the server shows with the model, and makes what it shows the model.
async function verify(server, clients, model, what) {
    for (const client of clients) {
        const { user } = client;
        const rows = await client.rows('SELECT id, v FROM c.t');
        const engine = await client.rows('SELECT id, v FROM c.t JOIN (SELECT 1 AS one) AS o ON one = 1 ORDER BY id');
        assert.deepEqual(engine, rows, `${what}: both ways of reading agree`);
        const found = new Map(rows.map(([id, v]) => [id, v]));
        assert.equal(found.size, rows.length, `${what}: every row once`);
        for (let id = 0; id < KEYS; id++) {
            const possible = model.possible(user, id);
            assert.ok(possible.includes(found.get(id)), `${what}: ${user} ${id} is ${found.get(id)}, may be ${possible.join(' or ')}`);
            model.rows.set(`${user}/${id}`, [found.get(id)]);
        }
        assert.equal(await client.value('SELECT COUNT(*) FROM c.t'), String(rows.length), what);
        assert.deepEqual(await client.rows('SELECT id FROM c.t GROUP BY id HAVING COUNT(*) > 1'), [], what);
        const dead = await client.column('SELECT id FROM c.t WHERE _deleted = TRUE');
        assert.deepEqual(dead.filter((id) => found.has(id)), [], `${what}: no row is both deleted and there`);
        const counted = await counters(server.admin, 'c.t', user);
        assert.equal(counted?.live ?? 0, rows.length, `${what}: the counter of ${user}`);
        await agree(server, user, what);
    }
}

// Manifest and files of a scope agree once whatever flushes now has ended; so does the mirror, looked at in a
// test of its own.
const staleMirrors = [];
async function agree(server, user, what) {
    const folder = scopeFolder(server, user, 'c.t');
    const paths = (json) => JSON.stringify((json?.segments ?? []).map((segment) => segment.path).sort());
    let seen;
    const look = async () => {
        const known = paths(await manifest(server.admin, 'c.t', user));
        const isMirror = known === '[]' || paths(mirror(folder)) === known;
        seen = { known, files: JSON.stringify(segments(folder)), drafts: files(folder, /\.tmp$/), isMirror };
        return seen.known === seen.files && seen.drafts.length === 0;
    };
    await until(`${what}: the manifest of ${user} agrees`, look)
        .catch((error) => assert.fail(`${error.message}: ${JSON.stringify(seen)}`));
    await until('the mirror', async () => (await look()) && seen.isMirror, 2).catch(() => staleMirrors.push(`${what}: ${user}`));
}

async function prepared(t, policy, retention = '7d') {
    const server = await readyServer(t, { settings: { flush: { removal_batch: 7 } } });
    await server.admin.run(`CREATE NAMESPACE c; CREATE USER TABLE c.t (id INT PRIMARY KEY, v TEXT NOT NULL) WITH (FLUSH_POLICY = '${policy}', deleted_retention = '${retention}')`);
    const clients = [];
    for (const user of USERS) clients.push(await server.addUser(user));
    return { server, clients, model: new Model(), random: generator(seed) };
}

for (const point of faultPoints().filter((name) => !name.startsWith('cleanup.'))) {
    test(`killed at ${point}`, async (t) => {
        const { server, clients, model, random } = await prepared(t, 'rows:60');
        await load(clients, model, random, 150);
        for (let round = 0; round < 2; round++) {
            const isCommit = point.startsWith('store.');
            const hit = isCommit ? 20 + random(200) : 1 + random(4);
            await server.stop();
            await server.start({ env: { KALAMDB_FAULT: `${point}:kill:${hit}` } });
            server.mayEnd = true;
            await load(clients, model, random);
            await server.ends();
            assert.equal(server.exit.signal, 'SIGKILL', `${point}, hit ${hit}: ${server.log.slice(-2000)}`);
            await server.start({ env: {} });
            await verify(server, clients, model, `seed ${seed}, ${point}, hit ${hit}`);
        }
        await load(clients, model, random, model.acknowledged + 200);
        await flush(server.admin, 'c.t');
        await verify(server, clients, model, `${point}, and after the next flush`);
        await server.restart();
        await verify(server, clients, model, `${point}, and after a restart`);
    });
}

// The same points, passed by the job that writes the segments of a scope anew.
for (const point of faultPoints().filter((name) => /^(segment|manifest)\./.test(name))) {
    test(`killed at ${point} while segments are rewritten`, async (t) => {
        const { server, clients, model, random } = await prepared(t, 'rows:60');
        for (const limit of [200, 400]) { // two segments of each user at least
            await load(clients, model, random, limit);
            await flush(server.admin, 'c.t');
        }
        await server.stop();
        await server.start({ env: { KALAMDB_FAULT: `${point}:kill:${1 + random(2)}` } });
        server.mayEnd = true;
        await server.admin.post('STORAGE COMPACT TABLE c.t').catch(() => null);
        await server.ends();
        assert.equal(server.exit.signal, 'SIGKILL', server.log.slice(-2000));
        await server.start({ env: {} });
        await verify(server, clients, model, `seed ${seed}, rewriting, ${point}`);
        await server.admin.run('STORAGE COMPACT TABLE c.t');
        await until('one segment each is left', () => USERS.every((user) => segments(scopeFolder(server, user, 'c.t')).length === 1));
        await verify(server, clients, model, `${point}, and rewritten after all`);
    });
}

test('killed at cleanup.removed: the next start ends what DROP TABLE began', async (t) => {
    const { server, clients, model, random } = await prepared(t, 'rows:60');
    await load(clients, model, random, 150);
    await flush(server.admin, 'c.t');
    await server.stop();
    await server.start({ env: { KALAMDB_FAULT: 'cleanup.removed:kill' } });
    server.mayEnd = true;
    await server.admin.post('DROP TABLE c.t').catch(() => null);
    await server.ends();
    assert.equal(server.exit.signal, 'SIGKILL', server.log.slice(-2000));
    await server.start({ env: {} });
    for (const user of USERS) assert.deepEqual(files(scopeFolder(server, user, 'c.t')), []);
    assert.deepEqual(await server.admin.rows("SELECT * FROM system.manifest WHERE table_name = 't'"), []);
    await server.admin.run('CREATE USER TABLE c.t (id INT PRIMARY KEY, v TEXT NOT NULL)');
    await verify(server, clients, new Model(), 'a table of the same name is empty');
});

test('a damaged file does not keep the server from starting after a crash', async (t) => {
    const { server, clients } = await prepared(t, 'rows:1000');
    const [ann] = clients;
    await ann.run(`INSERT INTO c.t VALUES ${Array.from({ length: 20 }, (_, i) => `(${i}, 'v${i}')`).join(', ')}`);
    await server.stop();
    await server.start({ env: { KALAMDB_FAULT: 'flush.removing:kill' } });
    server.mayEnd = true;
    await server.admin.post('STORAGE FLUSH TABLE c.t').catch(() => null);
    await server.ends();
    const folder = scopeFolder(server, 'ann', 'c.t');
    const [name] = segments(folder);
    const good = readFileSync(join(folder, name));
    writeFileSync(join(folder, name), 'rubbish');
    await server.start({ env: {} });
    assert.match(server.log, /interrupted flush of c\.t was not finished: segment file batch-\d+\.parquet/);
    await server.admin.run('CREATE USER TABLE c.other (id INT PRIMARY KEY)');
    writeFileSync(join(folder, name), good);
    assert.equal(await ann.value('SELECT COUNT(*) FROM c.t'), '20', 'what is in both tiers counts once');
    await flush(server.admin, 'c.t');
    assert.deepEqual(await ann.column('SELECT id FROM c.t'), Array.from({ length: 20 }, (_, i) => i));
});

// So many rows that they leave the hot tier as ranges, and the sequence index behind them as another.
for (const action of ['kill', 'fail']) {
    for (const hit of [1, 2, 3]) {
        test(`a large flush ends at its removal ${hit} of 3: ${action}`, async (t) => {
            const server = await readyServer(t, { settings: { flush: { removal_batch: 600 } } });
            await server.admin.run("CREATE NAMESPACE c; CREATE USER TABLE c.t (id INT PRIMARY KEY, v TEXT) WITH (FLUSH_POLICY = 'rows:100000')");
            const ann = await server.addUser('ann');
            const bob = await server.addUser('bob');
            const ids = Array.from({ length: 1500 }, (_, i) => i);
            await ann.run(`INSERT INTO c.t VALUES ${ids.map((id) => `(${id}, 'v')`).join(', ')}`);
            await bob.run("INSERT INTO c.t VALUES (1, 'b')");
            await ann.run("UPDATE c.t SET v = 'w' WHERE id % 100 = 7; DELETE FROM c.t WHERE id % 100 = 8");
            const expected = ids.filter((id) => id % 100 !== 8).map((id) => [id, id % 100 === 7 ? 'w' : 'v']);
            await server.stop();
            await server.start({ env: { KALAMDB_FAULT: `flush.removing:${action}:${hit}` } });
            if (action === 'kill') {
                server.mayEnd = true;
                await server.admin.post('STORAGE FLUSH TABLE c.t').catch(() => null);
                await server.ends();
                assert.equal(server.exit.signal, 'SIGKILL', server.log.slice(-2000));
                await server.start({ env: {} });
                assert.equal((await counters(server.admin, 'c.t', 'ann'))?.hot ?? 0, 0, 'the start finished the flush');
            } else {
                await flush(server.admin, 'c.t').catch(() => null);
            }
            const look = async (what) => {
                assert.deepEqual(await ann.rows('SELECT id, v FROM c.t ORDER BY id'), expected, what);
                assert.deepEqual(await ann.rows('SELECT id, v FROM c.t JOIN (SELECT 1 AS one) AS o ON one = 1 ORDER BY id'), expected, what);
                assert.deepEqual(await bob.rows('SELECT id, v FROM c.t'), [[1, 'b']], what);
            };
            await look('after it');
            await ann.run("INSERT INTO c.t VALUES (8, 'again'); UPDATE c.t SET v = 'x' WHERE id = 9");
            expected.splice(8, 0, [8, 'again']);
            expected[9] = [9, 'x'];
            await look('with new rows');
            await flush(server.admin, 'c.t');
            await look('after the next flush');
            assert.equal((await counters(server.admin, 'c.t', 'ann'))?.hot ?? 0, 0);
            await server.restart();
            await look('after a restart');
        });
    }
}

test('a step that fails instead of dying is told, and tried again', async (t) => {
    const { server, clients, model, random } = await prepared(t, 'rows:60');
    for (const point of faultPoints().filter((name) => !/^(store|cleanup)\./.test(name))) {
        await server.stop();
        await server.start({ env: { KALAMDB_FAULT: `${point}:fail:1` } });
        await load(clients, model, random, model.acknowledged + 250);
        await until(`flushes after ${point} end`, async () =>
            (await server.admin.value("SELECT COUNT(*) FROM system.jobs WHERE status IN ('new', 'queued', 'running', 'retrying')")) === '0');
        await verify(server, clients, model, `${point} failed`);
    }
});

test('killed at random, over and over', async (t) => {
    const { server, clients, model, random } = await prepared(t, 'rows:40', '1s');
    for (let round = 0; round < 6; round++) {
        const until_ = model.acknowledged + 100 + random(700);
        const writing = load(clients, model, random);
        await until('enough is written', () => {
            server.mustRun();
            return model.acknowledged >= until_;
        });
        await server.kill();
        await writing;
        await server.start();
        await verify(server, clients, model, `seed ${seed}, round ${round}, after ${model.acknowledged} writes`);
    }
    await flush(server.admin, 'c.t');
    await verify(server, clients, model, 'at the end');
});

test('killed while tables come and go', async (t) => {
    const server = await readyServer(t);
    const { admin } = server;
    const random = generator(seed + 1);
    await admin.run('CREATE NAMESPACE c');
    const state = new Map(); // table number: the possible answers to whether it is there
    let done = 0;
    const work = async (worker) => {
        for (;;) {
            const name = `t${random(12) * 3 + worker}`;
            const isThere = (state.get(name) ?? [false])[0];
            state.set(name, [...(state.get(name) ?? [false]), !isThere]);
            const answer = await admin.post(isThere ? `DROP TABLE c.${name}` : `CREATE USER TABLE c.${name} (id INT PRIMARY KEY, v TEXT)`).catch(() => null);
            if (!answer) return;
            assert.equal(answer.status, 200, answer.text);
            state.set(name, [!isThere]);
            if (!isThere) {
                const put = await admin.post(`INSERT INTO c.${name} VALUES (1, 'x')`).catch(() => null);
                if (!put) return;
                assert.equal(put.status, 200, put.text);
            }
            done++;
        }
    };
    for (let round = 0; round < 3; round++) {
        const goal = done + 30 + random(40);
        const working = Promise.all([0, 1, 2].map(work));
        await until('enough is done', () => {
            server.mustRun();
            return done >= goal;
        });
        await server.kill();
        await working;
        await server.start();
        const tables = new Set(await admin.column("SELECT table_name FROM system.tables WHERE namespace_id = 'c'"));
        for (const [name, possible] of state) {
            assert.ok(possible.includes(tables.has(name)), `seed ${seed}: ${name} is ${tables.has(name)}, may be ${possible}`);
            state.set(name, [tables.has(name)]);
            const schemas = files(join(server.data, 'schemas', 'c', name));
            if (!tables.has(name)) {
                await until(`the schema files of ${name} are gone`, () => files(join(server.data, 'schemas', 'c', name)).length === 0);
                continue;
            }
            assert.deepEqual(schemas, ['current.json', 'manifest.json', 'schema_v1.json'], name);
            const rows = await admin.rows(`SELECT * FROM c.${name}`);
            assert.ok(rows.length <= 1, `${name} has rows of its time only`);
        }
    }
});

test('after every start the mirror beside the files shows the manifest', () => {
    assert.deepEqual(staleMirrors, []);
});
