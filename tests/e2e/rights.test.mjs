// SPDX-License-Identifier: Apache-2.0
// Who may do what: the matrix of the contract (SQL, section 6) cell by cell, for tables there are.
import assert from 'node:assert/strict';
import { readyServer } from './lib/server.mjs';
import { test, testStop } from './lib/suite.mjs';

const server = await readyServer();
const { admin } = server;
const ROLES = ['user', 'service', 'dba', 'system'];
const EVERYONE = ROLES;
const SERVICES = ['service', 'dba', 'system'];
const ADMINS = ['dba', 'system'];
const NOBODY = [];

const callers = {
    user: await server.addUser('u'),
    service: await server.addUser('s', 'service'),
    dba: await server.addUser('d', 'dba'),
    system: await server.login('root', 'battery staple 2'),
};
await admin.run('CREATE NAMESPACE rt; CREATE USER TABLE rt.t (id INT PRIMARY KEY, v TEXT)');

let serial = 0;

// Each: who may, what; ${n} is another number each time. A function makes the statement for a role, and may prepare.
const MATRIX = [
    // Own rows.
    [EVERYONE, 'SELECT * FROM rt.t'],
    [EVERYONE, "INSERT INTO rt.t VALUES (${n}, 'x')"],
    [EVERYONE, "UPDATE rt.t SET v = 'y' WHERE id = ${n}"],
    [EVERYONE, 'DELETE FROM rt.t WHERE id = ${n}'],
    // System tables and views of the catalog.
    [ADMINS, 'SELECT * FROM system.users'],
    [ADMINS, 'SELECT COUNT(*) FROM system.jobs'],
    [ADMINS, 'SELECT * FROM system.settings'],
    [ADMINS, 'SELECT * FROM system.stats'],
    [ADMINS, 'SHOW JOBS'],
    [EVERYONE, 'SELECT * FROM information_schema.tables'],
    [EVERYONE, 'SELECT * FROM information_schema.columns'],
    [EVERYONE, 'SHOW TABLES'],
    [EVERYONE, 'SHOW TABLES IN rt'],
    [EVERYONE, 'DESCRIBE TABLE rt.t'],
    [EVERYONE, 'SHOW NAMESPACES'],
    [EVERYONE, 'SHOW STORAGES'],
    [EVERYONE, 'SHOW STATS FOR TABLE rt.t'],
    [EVERYONE, 'SHOW MANIFEST'],
    [EVERYONE, 'USE rt'],
    [EVERYONE, 'SET NAMESPACE rt'],
    [ADMINS, 'DESCRIBE rt.t'],
    [ADMINS, 'DESC rt.t'],
    [ADMINS, 'EXPLAIN SELECT * FROM rt.t'],
    // Tables.
    [EVERYONE, 'CREATE USER TABLE rt.made_${n} (id INT PRIMARY KEY)'],
    [EVERYONE, async (role, n) => {
        await callers[role].run(`CREATE USER TABLE rt.own_${n} (id INT PRIMARY KEY)`);
        return `DROP TABLE rt.own_${n}`;
    }],
    [ADMINS, async (role, n) => {
        await admin.run(`CREATE USER TABLE rt.others_${n} (id INT PRIMARY KEY)`);
        return `DROP TABLE rt.others_${n}`;
    }],
    // Namespaces.
    [ADMINS, 'CREATE NAMESPACE made_${n}'],
    [ADMINS, "ALTER NAMESPACE rt SET OPTIONS (a = 1)"],
    [ADMINS, async (role, n) => {
        await admin.run(`CREATE NAMESPACE others_${n}`);
        return `DROP NAMESPACE others_${n}`;
    }],
    // Storages.
    [ADMINS, () => `CREATE STORAGE made_${++serial} TYPE filesystem PATH '${server.data}/made'`],
    [ADMINS, "ALTER STORAGE local SET DESCRIPTION 'the data folder'"],
    [ADMINS, 'STORAGE CHECK local'],
    [ADMINS, async (role, n) => {
        await admin.run(`CREATE STORAGE others_${n} TYPE filesystem PATH '${server.data}/others'`);
        return `DROP STORAGE others_${n}`;
    }],
    // Maintenance.
    [SERVICES, 'STORAGE FLUSH TABLE rt.t'],
    [SERVICES, 'STORAGE FLUSH ALL IN rt'],
    [SERVICES, 'STORAGE COMPACT TABLE rt.t'],
    // Users.
    [ADMINS, "CREATE USER made_${n} WITH PASSWORD 'long enough' ROLE user"],
    [ADMINS, "CREATE USER made_${n} WITH PASSWORD 'long enough' ROLE dba"],
    [['system'], "CREATE USER made_${n} WITH PASSWORD 'long enough' ROLE system"],
    [ADMINS, "ALTER USER victim SET PASSWORD 'another one'"],
    [ADMINS, "ALTER USER victim SET ROLE service"],
    [['system'], "ALTER USER victim SET ROLE system"],
    [ADMINS, "ALTER USER other SET EMAIL 'a@b.c'"],
    [EVERYONE, (role) => `ALTER USER ${callers[role].user} SET EMAIL 'own@b.c'`],
    [EVERYONE, (role) => `ALTER USER ${callers[role].user} SET PASSWORD 'a good one for ${role}'`],
    [ADMINS, async (role, n) => {
        await admin.run(`CREATE USER gone_${n} WITH PASSWORD 'long enough'`);
        return `DROP USER gone_${n}`;
    }],
    // Acting as others.
    [['system'], "EXECUTE AS USER 'root' (SELECT * FROM rt.t)"],
    [ADMINS, "EXECUTE AS USER 'admin' (SELECT * FROM rt.t)"],
    [SERVICES, "EXECUTE AS USER 'another service' (SELECT * FROM rt.t)"],
    [SERVICES, "EXECUTE AS USER 'other' (SELECT * FROM rt.t)"],
    [SERVICES, "EXECUTE AS USER 'nobody knows' (SELECT * FROM rt.t)"],
    [EVERYONE, (role) => `EXECUTE AS USER '${callers[role].user}' (SELECT * FROM rt.t)`],
    // In whose name ever: the rights of a user.
    [NOBODY, "EXECUTE AS USER 'other' (SELECT * FROM system.users)"],
    [NOBODY, "EXECUTE AS USER 'other' (CREATE NAMESPACE sneaky)"],
    [NOBODY, "EXECUTE AS USER 'other' (STORAGE FLUSH ALL)"],
];
const WORDS = /unauthorized|not authorized|permission|privilege|access denied|not allowed/i;

for (const id of ['victim', 'other']) await server.addUser(id);
await server.addUser('another service', 'service');

for (const [allowed, what] of MATRIX) {
    const title = typeof what === 'string' ? what : /[A-Z]{3,} [A-Z ]*/g.exec(String(what).split('return').at(-1))?.[0] ?? String(what);
    test(`${title.trim()}: ${allowed.join(', ') || 'nobody'}`, async () => {
        for (const role of ROLES) {
            const n = ++serial;
            const sql = typeof what === 'string' ? what.replaceAll('${n}', n) : await what(role, n);
            const answer = await callers[role].post(sql);
            const shown = `${role}: ${sql}: ${answer.text}`;
            if (allowed.includes(role)) {
                assert.equal(answer.status, 200, shown);
                continue;
            }
            assert.equal(answer.status, 403, shown);
            assert.equal(answer.body.error.code, 'PERMISSION_DENIED', shown);
            assert.match(answer.body.error.message, WORDS, shown);
        }
        await admin.run("ALTER USER victim SET ROLE user").catch(() => callers.system.run('ALTER USER victim SET ROLE user'));
    });
}

test('a job that is not there is no business of those who may not end one', async () => {
    for (const role of ROLES) {
        const may = ADMINS.includes(role);
        await callers[role].refuses("KILL JOB 'FL-000000000000'", may ? /Not found/ : WORDS,
            may ? {} : { status: 403, code: 'PERMISSION_DENIED' });
    }
});

test('nobody writes to system tables', async () => {
    for (const role of ROLES)
        for (const sql of ["UPDATE system.users SET role = 'system' WHERE user_id = 'u'", "DELETE FROM system.jobs WHERE job_id = 'x'", "INSERT INTO system.namespaces (name) VALUES ('x')"]) {
            const answer = await callers[role].post(sql);
            assert.ok([400, 403].includes(answer.status), `${role}: ${sql}: ${answer.text}`);
        }
});

test('a role that is taken away is gone with the next request, and its tokens with it', async () => {
    const fallen = await server.addUser('fallen', 'dba');
    await fallen.run('SELECT * FROM system.users');
    await admin.run('ALTER USER fallen SET ROLE user');
    const answer = await fallen.post('SELECT 1');
    assert.equal(answer.status, 401);
    assert.equal(answer.body.error.code, 'INVALID_CREDENTIALS');
    const again = await server.login('fallen', 'a good one for dba');
    await again.refuses('SELECT * FROM system.users', WORDS, { status: 403, code: 'PERMISSION_DENIED' });
    await admin.run('DROP USER fallen');
    assert.equal((await again.post('SELECT 1')).status, 401);
});

test('without a token there is nothing', async () => {
    const answer = await server.anonymous().post('SELECT 1');
    assert.equal(answer.status, 401);
    assert.equal(answer.body.error.code, 'MISSING_AUTHORIZATION');
});

testStop(server);
