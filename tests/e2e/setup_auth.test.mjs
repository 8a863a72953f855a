// SPDX-License-Identifier: Apache-2.0
// First-run setup, signing in, tokens, accounts.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { ADMIN, readyServer, Server, startServer } from './lib/server.mjs';
import { test, testStop } from './lib/suite.mjs';

const SECRET = 'a secret that only this suite and its server know';
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

const server = await startServer(null, { settings: { auth: { jwt_secret: SECRET } } });
const anyone = server.anonymous();

const setupBody = (more) => ({
    user: ADMIN.user, password: ADMIN.password, root_password: ADMIN.root, ...more,
});
const setup = (more, headers) => anyone.json('POST', '/v1/api/auth/setup', setupBody(more), headers);
const login = (user, password) => anyone.json('POST', '/v1/api/auth/login', { user, password });

function isError(answer, status, error, message) {
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.headers['content-type'], /^application\/json/);
    assert.deepEqual(Object.keys(answer.body).sort(), ['error', 'message']);
    assert.equal(answer.body.error, error, answer.text);
    if (message instanceof RegExp) assert.match(answer.body.message, message);
    else if (message) assert.equal(answer.body.message, message);
}

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// A token made from outside; `secret` null leaves the signature empty.
function forge(claims, { header = { alg: 'HS256', typ: 'JWT' }, secret = SECRET, hash = 'sha256' } = {}) {
    const now = Math.floor(Date.now() / 1000);
    const all = {
        sub: ADMIN.user, iss: 'kalamdb', iat: now, exp: now + 3600, email: null, role: 'dba',
        token_type: 'access', ...claims,
    };
    for (const [name, value] of Object.entries(all)) if (value === undefined) delete all[name];
    const signed = `${base64url(header)}.${base64url(all)}`;
    const signature = secret === null
        ? '' : createHmac(hash, secret).update(signed).digest('base64url');
    return `${signed}.${signature}`;
}

async function sqlRefuses(token, code = 'INVALID_CREDENTIALS', message = 'Invalid credentials') {
    const answer = await server.client(token).post('SELECT 1');
    assert.equal(answer.status, 401, answer.text);
    assert.equal(answer.body.status, 'error');
    assert.deepEqual(answer.body.results, []);
    assert.equal(typeof answer.body.took, 'number');
    assert.deepEqual(answer.body.error, { code, message });
}

// ---- before the setup ----

test('a fresh server says that it needs its setup', async () => {
    const answer = await anyone.send('GET', '/v1/api/auth/status');
    assert.equal(answer.status, 200);
    assert.deepEqual(Object.keys(answer.body).sort(), ['message', 'needs_setup']);
    assert.equal(answer.body.needs_setup, true);
    assert.equal(typeof answer.body.message, 'string');
});

test('before the setup root signs in neither without nor with a password', async () => {
    const empty = await login('root', '');
    isError(empty, 428, 'setup_required', /requires initial setup/);
    assert.match(empty.body.message, /Root password/);
    isError(await login('root', 'anything at all'), 401, 'unauthorized', 'Invalid credentials');
    isError(await login('root', 'root'), 401, 'unauthorized', 'Invalid credentials');
    isError(await login(ADMIN.user, ADMIN.password), 401, 'unauthorized', 'Invalid credentials');
});

test('before the setup no token opens SQL', async () => {
    const answer = await anyone.post('SELECT 1');
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.body.error,
        { code: 'MISSING_AUTHORIZATION', message: 'Authentication required' });
    await sqlRefuses(forge({ sub: 'admin' }));
    await sqlRefuses(forge({ sub: 'root', role: 'dba' }));
});

test('the setup refuses weak passwords of either account and changes nothing', async () => {
    for (const weak of ['', 'short', 'password', '12345678', 'letmein', 'x'.repeat(257)]) {
        isError(await setup({ password: weak }), 400, 'weak_password', /^DBA user password: /);
        isError(await setup({ root_password: weak }), 400, 'weak_password', /^Root password: /);
    }
    assert.equal((await anyone.send('GET', '/v1/api/auth/status')).body.needs_setup, true);
    isError(await login(ADMIN.user, ADMIN.password), 401, 'unauthorized');
});

test('the setup refuses bad user ids', async () => {
    for (const user of ['', '..', 'a/../b', 'a/b', 'a\\b', 'a\0b', 'a..b'])
        isError(await setup({ user }), 400, 'invalid_user');
    isError(await setup({ user: 'root' }), 409, 'user_exists');
});

test('sign-in and setup bodies are read strictly', async () => {
    const bodies = [
        ['setup', JSON.stringify(setupBody({ extra: 1 }))],
        ['setup', JSON.stringify({ user: 'admin', password: ADMIN.password })],
        ['setup', JSON.stringify(setupBody({ password: 7 }))],
        ['login', JSON.stringify({ user: 'admin', password: 'x', extra: true })],
        ['login', JSON.stringify({ user: 'admin' })],
        ['login', JSON.stringify({ password: 'x' })],
        ['login', JSON.stringify({ user: ['admin'], password: 'x' })],
        ['login', JSON.stringify({ user: 'u'.repeat(129), password: 'x' })],
        ['login', JSON.stringify({ user: 'u', password: 'x'.repeat(257) })],
        ['login', '{"user":"admin"'],
        ['login', ''],
        ['login', '[]'],
        ['login', '"admin"'],
    ];
    for (const [path, body] of bodies) {
        const answer = await anyone.send('POST', `/v1/api/auth/${path}`, {
            headers: { 'Content-Type': 'application/json' }, body,
        });
        assert.equal(answer.status, 400, `${body}: ${answer.text}`);
        assert.match(answer.headers['content-type'], /^text\/plain/, body);
        assert.match(answer.text, /^Json deserialize error: /, body);
    }
    const wrongType = await anyone.send('POST', '/v1/api/auth/login', {
        headers: { 'Content-Type': 'text/plain' }, body: '{"user":"admin","password":"x"}',
    });
    assert.equal(wrongType.status, 400);
    assert.match(wrongType.text, /^Json deserialize error: /);
});

test('the setup is refused to who comes from elsewhere', async () => {
    for (const headers of [
        { 'X-Forwarded-For': '203.0.113.7' },
        { 'X-Forwarded-For': '203.0.113.7, 127.0.0.1' },
        { 'X-Real-IP': '203.0.113.7' },
    ]) {
        isError(await setup({}, headers), 403, 'forbidden');
        isError(await anyone.send('GET', '/v1/api/auth/status', { headers }), 403, 'forbidden');
    }
    const address = await anyone.send('GET', '/v1/api/auth/status', { localAddress: '127.0.0.2' });
    isError(address, 403, 'forbidden');
    const claimed = await anyone.send('GET', '/v1/api/auth/status', {
        localAddress: '127.0.0.2', headers: { 'X-Forwarded-For': '127.0.0.1' },
    });
    isError(claimed, 403, 'forbidden');
    const own = await anyone.send('GET', '/v1/api/auth/status', {
        headers: { 'X-Forwarded-For': '127.0.0.1' },
    });
    assert.equal(own.status, 200, 'a claim to be local is ignored, and this caller is');
});

test('the setup is refused to pages from elsewhere in a browser of this machine', async () => {
    const status = (Origin) => anyone.send('GET', '/v1/api/auth/status', { headers: { Origin } });
    for (const Origin of ['https://evil.example', 'null', 'http://localhost.evil.example:8080', 'http://127.0.0.1.evil.example',
        'http://127.0.0.2:8080', 'localhost', 'http://', 'http://localhost@evil.example', '']) {
        isError(await setup({}, { Origin }), 403, 'forbidden', /allowed_origins/);
        isError(await status(Origin), 403, 'forbidden', /allowed_origins/);
    }
    for (const origin of ['http://localhost:5173', 'http://127.0.0.1', 'https://[::1]:8443', 'HTTP://LOCALHOST'])
        assert.equal((await status(origin)).status, 200, origin);
});

// ---- the setup ----

test('the setup makes the first administrator and signs nobody in', async () => {
    const answer = await setup({ email: null });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(Object.keys(answer.body).sort(), ['message', 'user']);
    const { user } = answer.body;
    assert.deepEqual(Object.keys(user).sort(), ['created_at', 'email', 'id', 'role', 'updated_at']);
    assert.equal(user.id, 'admin');
    assert.equal(user.role, 'dba');
    assert.equal(user.email, null);
    assert.match(user.created_at, RFC3339);
    assert.match(user.updated_at, RFC3339);
    assert.equal(answer.headers['set-cookie'], undefined);
    assert.deepEqual((await anyone.send('GET', '/v1/api/auth/status')).body,
        { needs_setup: false, message: 'Server is configured and ready.' });
    server.admin = await server.login(ADMIN.user, ADMIN.password);
});

test('a second setup is refused', async () => {
    isError(await setup(), 409, 'already_configured');
    isError(await setup({ user: 'other' }), 409, 'already_configured');
    isError(await login('other', ADMIN.password), 401, 'unauthorized');
});

// ---- signing in ----

test('a sign-in gives tokens, their expiry and cookies', async () => {
    const before = Date.now();
    const answer = await login(ADMIN.user, ADMIN.password);
    assert.equal(answer.status, 200);
    const { body } = answer;
    assert.deepEqual(Object.keys(body).sort(), [
        'access_token', 'admin_ui_access', 'expires_at', 'refresh_expires_at', 'refresh_token', 'user',
    ]);
    assert.equal(body.admin_ui_access, true);
    assert.equal(body.user.id, 'admin');
    for (const time of [body.expires_at, body.refresh_expires_at]) assert.match(time, RFC3339);
    const day = 24 * 3600 * 1000;
    assert.ok(Date.parse(body.expires_at) >= before - 2000 + day);
    assert.ok(Date.parse(body.expires_at) <= Date.now() + 2000 + day);
    assert.equal(Date.parse(body.refresh_expires_at) - Date.parse(body.expires_at), 6 * day);

    const [header, claims] = body.access_token.split('.').slice(0, 2)
        .map((part) => JSON.parse(Buffer.from(part, 'base64url')));
    assert.deepEqual(header, { alg: 'HS256', typ: 'JWT' });
    assert.deepEqual(Object.keys(claims).sort(),
        ['email', 'exp', 'iat', 'iss', 'role', 'sub', 'token_type']);
    assert.equal(claims.sub, 'admin');
    assert.equal(claims.iss, 'kalamdb');
    assert.equal(claims.role, 'dba');
    assert.equal(claims.token_type, 'access');
    assert.equal(claims.exp - claims.iat, 24 * 3600);

    const cookies = answer.headers['set-cookie'];
    assert.equal(cookies.length, 2);
    assert.ok(cookies[0].startsWith(`kalamdb_auth=${body.access_token};`));
    assert.ok(cookies[1].startsWith(`kalamdb_refresh=${body.refresh_token};`));
    for (const cookie of cookies) {
        assert.match(cookie, /; HttpOnly/);
        assert.match(cookie, /; Path=\//);
        assert.match(cookie, /; SameSite=Strict/);
        assert.match(cookie, /; Expires=\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/);
        assert.ok(!/; Secure/.test(cookie), 'this is not https');
    }
});

test('`username` is another name of `user`', async () => {
    const answer = await anyone.json('POST', '/v1/api/auth/login',
        { username: ADMIN.user, password: ADMIN.password });
    assert.equal(answer.status, 200, answer.text);
});

test('root signs in with the password of the setup', async () => {
    const answer = await login('root', ADMIN.root);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.user.role, 'system');
});

test('an unknown user and a wrong password are told the same', async () => {
    const unknown = await login('nobody at all', 'a wrong password');
    const wrong = await login(ADMIN.user, 'a wrong password');
    const empty = await login('', 'a wrong password');
    for (const answer of [unknown, wrong, empty])
        isError(answer, 401, 'unauthorized', 'Invalid credentials');
    assert.equal(unknown.text, wrong.text);
    assert.deepEqual(Object.keys(unknown.headers).sort(), Object.keys(wrong.headers).sort());
    assert.equal((await login(ADMIN.user, ADMIN.password)).status, 200);
});

test('who am I: by header, by cookie, and not otherwise', async () => {
    const { body } = await login(ADMIN.user, ADMIN.password);
    const me = (headers) => anyone.send('GET', '/v1/api/auth/me', { headers });
    for (const headers of [
        { Authorization: `Bearer ${body.access_token}` },
        { Authorization: `bearer ${body.access_token}` },
        { Cookie: `other=1; kalamdb_auth=${body.access_token}` },
        { Authorization: `Bearer ${body.access_token}`, Cookie: 'kalamdb_auth=rubbish' },
    ]) {
        const answer = await me(headers);
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.body, { user: body.user, admin_ui_access: true });
    }
    isError(await me({}), 401, 'unauthorized', 'No auth token found');
    isError(await me({ Authorization: 'Basic YWRtaW46eA==' }), 401, 'unauthorized',
        'Authorization header must use Bearer token');
    isError(await me({ Authorization: `Bearer ${body.refresh_token}` }), 401, 'unauthorized',
        'Invalid credentials');
    isError(await me({ Authorization: 'Bearer rubbish' }), 401, 'unauthorized', 'Invalid credentials');
    isError(await me({ Authorization: `Bearer ${forge({}, { header: { alg: 'none', typ: 'JWT' }, secret: null })}` }),
        401, 'unauthorized', 'Invalid credentials');
});

test('a refresh token gives new tokens, by cookie first, and nothing else does', async () => {
    const { body } = await login(ADMIN.user, ADMIN.password);
    const refresh = (headers) => anyone.send('POST', '/v1/api/auth/refresh', { headers });
    for (const headers of [
        { Authorization: `Bearer ${body.refresh_token}` },
        { Cookie: `kalamdb_refresh=${body.refresh_token}` },
        { Cookie: `kalamdb_refresh=${body.refresh_token}`, Authorization: 'Bearer rubbish' },
    ]) {
        const answer = await refresh(headers);
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(Object.keys(answer.body).sort(), Object.keys(body).sort());
        assert.equal(answer.headers['set-cookie'].length, 2);
        assert.equal(await server.client(answer.body.access_token).value('SELECT CURRENT_USER()'), 'admin');
    }
    isError(await refresh({}), 401, 'unauthorized', 'No refresh token found');
    isError(await refresh({ Authorization: `Bearer ${body.access_token}` }), 401, 'unauthorized',
        'Refresh endpoint requires a refresh token');
    isError(await refresh({ Authorization: 'Basic YWRtaW46eA==' }), 401, 'unauthorized');
    isError(await refresh({ Cookie: `kalamdb_auth=${body.access_token}` }), 401, 'unauthorized');
    isError(await refresh({ Authorization: `Bearer ${forge({ sub: 'ghost', role: 'user', token_type: 'refresh' })}` }),
        401, 'unauthorized', 'User no longer valid');
});

test('a sign-out expires both cookies, with or without tokens', async () => {
    for (const headers of [{}, { Authorization: 'Basic x' }, { Cookie: 'kalamdb_auth=rubbish' }]) {
        const answer = await anyone.send('POST', '/v1/api/auth/logout', { headers });
        assert.equal(answer.status, 200);
        assert.deepEqual(answer.body, { message: 'Logged out successfully' });
        const cookies = answer.headers['set-cookie'];
        assert.deepEqual(cookies.map((cookie) => cookie.split('=')[0]), ['kalamdb_auth', 'kalamdb_refresh']);
        for (const cookie of cookies) {
            const expires = /; Expires=([^;]+)/.exec(cookie)?.[1];
            assert.ok(/; Max-Age=0/.test(cookie) || Date.parse(expires) < Date.now(), cookie);
            assert.match(cookie, /; Path=\//);
        }
    }
});

// ---- tokens ----

test('a token of the right shape is accepted, with a minute of leeway', async () => {
    const now = Math.floor(Date.now() / 1000);
    for (const claims of [{}, { exp: now - 20, iat: now - 60 }, { nbf: now - 10 }, { aud: 'someone else' }])
        assert.equal(await server.client(forge(claims)).value('SELECT CURRENT_USER()'), 'admin');
});

test('forged, foreign and spoiled tokens are refused', async () => {
    const now = Math.floor(Date.now() / 1000);
    const good = forge({});
    const [head, body, signature] = good.split('.');
    const tokens = {
        'algorithm none': forge({}, { header: { alg: 'none', typ: 'JWT' }, secret: null }),
        'algorithm None': forge({}, { header: { alg: 'None', typ: 'JWT' }, secret: null }),
        'none, but signed': forge({}, { header: { alg: 'none', typ: 'JWT' } }),
        'HS256 without signature': forge({}, { secret: null }),
        'another key': forge({}, { secret: 'guessed' }),
        'HS384': forge({}, { header: { alg: 'HS384', typ: 'JWT' }, hash: 'sha384' }),
        'HS512': forge({}, { header: { alg: 'HS512', typ: 'JWT' }, hash: 'sha512' }),
        'RS256 header, HMAC body': forge({}, { header: { alg: 'RS256', typ: 'JWT' } }),
        'changed claims': `${head}.${base64url({ sub: 'root', role: 'system' })}.${signature}`,
        'two parts': `${head}.${body}`,
        'four parts': `${good}.x`,
        'rubbish': 'rubbish',
        'dots': '..',
        'another issuer': forge({ iss: 'elsewhere' }),
        'no issuer': forge({ iss: undefined }),
        'from the future': forge({ iat: now + 3600 }),
        'not yet valid': forge({ nbf: now + 3600 }),
        'no kind': forge({ token_type: undefined }),
        'a refresh token': forge({ token_type: 'refresh' }),
        'no expiry': forge({ exp: undefined }),
        'expiry as text': forge({ exp: 'never' }),
        'no subject': forge({ sub: undefined }),
        'no role': forge({ role: undefined }),
        'a higher role': forge({ role: 'system' }),
        'a lower role': forge({ role: 'user' }),
        'an unknown role': forge({ role: 'emperor' }),
        'an unknown user': forge({ sub: 'ghost' }),
    };
    for (const [name, token] of Object.entries(tokens)) {
        const answer = await server.client(token).post('SELECT 1');
        assert.equal(answer.status, 401, `${name}: ${answer.text}`);
        assert.equal(answer.body.error.code, 'INVALID_CREDENTIALS', name);
        assert.equal(answer.body.error.message, 'Invalid credentials', name);
    }
    await sqlRefuses(forge({ exp: now - 61 - 10, iat: now - 100 }), 'TOKEN_EXPIRED');
});

test('SQL takes a Bearer header and nothing else', async () => {
    const { body } = await login(ADMIN.user, ADMIN.password);
    const sql = (headers) => anyone.json('POST', '/v1/api/sql', { sql: 'SELECT 1' }, headers);
    const none = await sql({ Cookie: `kalamdb_auth=${body.access_token}` });
    assert.equal(none.status, 401);
    assert.equal(none.body.error.code, 'MISSING_AUTHORIZATION');
    for (const header of [
        `Basic ${Buffer.from(`${ADMIN.user}:${ADMIN.password}`).toString('base64')}`,
        `Digest ${body.access_token}`, body.access_token, 'Bearer', 'Bearer ',
    ]) {
        const answer = await sql({ Authorization: header });
        assert.equal(answer.status, 401, header);
        assert.equal(answer.body.status, 'error');
        assert.ok(['INVALID_CREDENTIALS', 'MISSING_AUTHORIZATION'].includes(answer.body.error.code));
    }
    assert.equal((await sql({ Authorization: `Bearer ${body.access_token}` })).status, 200);
});

// ---- accounts ----

test('a changed role takes effect at once: old tokens are void', async () => {
    const { admin } = server;
    await admin.run("CREATE USER mira WITH PASSWORD 'mira has one too' ROLE user");
    const first = (await login('mira', 'mira has one too')).body;
    assert.equal(await server.client(first.access_token).value('SELECT CURRENT_USER()'), 'mira');
    assert.equal(await admin.message("ALTER USER mira SET ROLE 'dba'"), "User 'mira' updated");
    await sqlRefuses(first.access_token);
    isError(await anyone.send('POST', '/v1/api/auth/refresh',
        { headers: { Authorization: `Bearer ${first.refresh_token}` } }), 401, 'unauthorized',
    'Token role does not match user role');
    const second = await login('mira', 'mira has one too');
    assert.equal(second.body.user.role, 'dba');
    assert.equal(second.body.admin_ui_access, true);
    await server.client(second.body.access_token).rows('SELECT user_id FROM system.users');
    await admin.run('ALTER USER mira SET ROLE user');
    await sqlRefuses(second.body.access_token);
});

test('a dropped user is out at once, and the name stays taken', async () => {
    const { admin } = server;
    await admin.run("CREATE USER 'gone' WITH PASSWORD 'soon to be gone' ROLE 'user'");
    const tokens = (await login('gone', 'soon to be gone')).body;
    assert.equal(await admin.message('DROP USER gone'), "User 'gone' dropped (soft delete)");
    await sqlRefuses(tokens.access_token);
    isError(await anyone.send('POST', '/v1/api/auth/refresh',
        { headers: { Authorization: `Bearer ${tokens.refresh_token}` } }), 401, 'unauthorized');
    isError(await login('gone', 'soon to be gone'), 401, 'unauthorized', 'Invalid credentials');
    await admin.refuses("CREATE USER gone WITH PASSWORD 'back from there' ROLE user", /already exists/i);
    await admin.refuses('DROP USER never_there', /never_there/);
    assert.match(await admin.message('DROP USER IF EXISTS never_there'),
        /User 'never_there' does not exist \(skipped\)/);
});

test('users are made, changed and found as the contract says', async () => {
    const { admin } = server;
    assert.equal(await admin.message(
        "CREATE USER ina WITH PASSWORD 'ina: 8 or more' ROLE developer EMAIL 'ina@example.org'"),
    "User 'ina' created");
    assert.equal(await admin.message("CREATE USER \"Ole\" WITH PASSWORD 'ole: 8 or more'"), "User 'Ole' created");
    assert.equal(await admin.message("CREATE USER pia WITH OAUTH '{\"provider\":\"p\",\"subject\":\"s\"}' ROLE user"),
        "User 'pia' created");
    const users = await admin.objects(
        "SELECT user_id, role, email, auth_type FROM system.users WHERE user_id IN ('ina','Ole','pia') ORDER BY user_id");
    assert.deepEqual(users, [
        { user_id: 'Ole', role: 'user', email: null, auth_type: 'Password' },
        { user_id: 'ina', role: 'service', email: 'ina@example.org', auth_type: 'Password' },
        { user_id: 'pia', role: 'user', email: null, auth_type: 'OAuth' },
    ]);
    isError(await login('pia', ''), 401, 'unauthorized', 'Invalid credentials');
    await admin.run("ALTER USER ina SET EMAIL 'ina@example.net'");
    await admin.run("ALTER USER ina SET PASSWORD 'another one 99'");
    isError(await login('ina', 'ina: 8 or more'), 401, 'unauthorized');
    assert.equal((await login('ina', 'another one 99')).body.user.email, 'ina@example.net');
    await admin.refuses("CREATE USER ina WITH PASSWORD 'ina: 8 or more' ROLE user", /already exists/i);
    await admin.refuses("CREATE USER shorty WITH PASSWORD 'seven77' ROLE user", /8/);
    await admin.refuses("CREATE USER emp WITH PASSWORD 'long enough' ROLE emperor", /emperor/);
    for (const id of ['..', 'a/b', 'a\\b', 'x..y', ''])
        assert.equal((await admin.post(`CREATE USER '${id}' WITH PASSWORD 'long enough' ROLE user`)).status, 400, id);
});

test('nobody raises themselves', async () => {
    const { admin } = server;
    const una = await server.addUser('una');
    const ser = await server.addUser('ser', 'service');
    const denied = { status: 403, code: 'PERMISSION_DENIED' };
    for (const who of [una, ser]) {
        await who.refuses("CREATE USER x WITH PASSWORD 'long enough' ROLE user", undefined, denied);
        await who.refuses(`ALTER USER ${who.user} SET ROLE dba`, undefined, denied);
        await who.refuses("ALTER USER admin SET PASSWORD 'taken over now'", undefined, denied);
        await who.refuses('DROP USER admin', undefined, denied);
    }
    await admin.refuses("CREATE USER sys WITH PASSWORD 'long enough' ROLE system", undefined, denied);
    await admin.refuses('ALTER USER una SET ROLE system', undefined, denied);
    await admin.refuses('ALTER USER admin SET ROLE system', undefined, denied);
    assert.equal(await una.message("ALTER USER una SET PASSWORD 'her own choice'"), "User 'una' updated");
    assert.equal((await login('una', 'her own choice')).status, 200);
    assert.equal(await una.message("ALTER USER una SET EMAIL 'una@example.org'"), "User 'una' updated");
});

test('no password is shown, neither in errors nor in the log', async () => {
    const { admin } = server;
    const secret = 'opensesame-4711';
    for (const sql of [
        `CREATE USER admin WITH PASSWORD '${secret}' ROLE user`,
        `ALTER USER nobody_there SET PASSWORD '${secret}'`,
        `CREATE USER bad/id WITH PASSWORD '${secret}' ROLE user`,
        `SELECT 1; ALTER USER nobody_there SET PASSWORD '${secret}'`,
    ]) {
        const answer = await admin.post(sql);
        assert.equal(answer.status, 400, answer.text);
        assert.ok(!answer.text.includes(secret), answer.text);
    }
    await admin.run(`CREATE USER sesame WITH PASSWORD '${secret}' ROLE user`);
    await login('sesame', secret);
    for (const row of await admin.objects('SELECT * FROM system.users'))
        assert.ok(!JSON.stringify(row).includes(secret));
    for (const word of [secret, ADMIN.password, ADMIN.root]) assert.ok(!server.log.includes(word));
});

test('five wrong passwords lock an account, its right password too', async () => {
    await server.addUser('lena');
    const right = 'a good one for user';
    for (let round = 0; round < 2; round++) {
        for (let i = 0; i < 4; i++) isError(await login('lena', `wrong ${i}`), 401, 'unauthorized');
        assert.equal((await login('lena', right)).status, 200, 'a success clears the count');
    }
    for (let i = 0; i < 5; i++) isError(await login('lena', `wrong ${i}`), 401, 'unauthorized');
    isError(await login('lena', right), 401, 'account_locked', /\b1[0-5] minute\(s\)/);
    assert.equal((await login(ADMIN.user, ADMIN.password)).status, 200, 'others are not');
});

// ---- with other settings ----

test('sign-ins have a limit per second', async (t) => {
    const strict = await startServer(t, { settings: { rate_limit: { max_auth_requests_per_ip_per_sec: 1 } } });
    const answers = await Promise.all(Array.from({ length: 8 }, () =>
        strict.anonymous().json('POST', '/v1/api/auth/login', { user: 'x', password: 'y' })));
    const refused = answers.filter((answer) => answer.status === 429);
    assert.ok(refused.length >= 4, `${refused.length} of 8`);
    for (const answer of refused)
        isError(answer, 429, 'rate_limited', 'Too many authentication attempts. Please retry shortly.');
    assert.equal((await strict.anonymous().send('GET', '/v1/api/auth/me')).status, 401, 'me is not counted');
});

test('hashing a password holds nobody else up', async (t) => {
    const slow = await readyServer(t, { settings: { auth: { hash_memory: '128MiB', hash_passes: 12 } } });
    let isSignedIn = false;
    const signingIn = Promise.all([1, 2, 3].map(() =>
        slow.anonymous().json('POST', '/v1/api/auth/login', { user: ADMIN.user, password: ADMIN.password })))
        .then(() => (isSignedIn = true));
    for (let i = 0; i < 3; i++) await slow.anonymous().send('GET', '/health');
    assert.equal(isSignedIn, false, 'requests without a password were answered first');
    await signingIn;
});

// A server with slow hashes, one at a time, and one worker.
const slowHashes = (t, auth) => readyServer(t, { settings: {
    execution: { workers: 1 },
    auth: { max_concurrent_hashes: 1, hash_memory: '16MiB', hash_passes: 4, ...auth },
} });

const AT_ONCE = 12;
const signIn = (to) =>
    to.anonymous().json('POST', '/v1/api/auth/login', { user: ADMIN.user, password: ADMIN.password });
const createUser = (name) => `CREATE USER ${name} WITH PASSWORD 'long enough for ${name}' ROLE user`;
const createUsers = (names) => names
    .map((name) => `${createUser(name)}; ALTER USER ${name} SET PASSWORD 'another one'; SELECT '${name}'`)
    .join('; ');

// Work that hashes, sent at once behind a sign-in. When that is answered the rest waits; a statement
// of the engine that is sent then does not wait for it.
const BURSTS = {
    'sign-ins': (slow) => Array.from({ length: AT_ONCE }, () => signIn(slow)),
    'statements about users': (slow) =>
        Array.from({ length: AT_ONCE }, (_, i) => slow.admin.post(createUser(`one_${i}`))),
    'batches about users': (slow) =>
        ['a', 'b', 'c', 'd'].map((batch) => slow.admin.post(createUsers([`${batch}_1`, `${batch}_2`]))),
};
for (const [what, send] of Object.entries(BURSTS)) {
    test(`${what} that hash hold no worker while they wait`, async (t) => {
        const slow = await slowHashes(t);
        const joined = 'SELECT COUNT(*) FROM (VALUES (1), (2)) AS v (x) JOIN (VALUES (1)) AS w (y) ON x = y';
        assert.equal(await slow.admin.value(joined), '1');
        const first = signIn(slow);
        let waiting = 0;
        const burst = send(slow).map(async (one) => {
            waiting++;
            const answer = await one;
            waiting--;
            return answer;
        });
        await first;
        assert.equal(await slow.admin.value(joined), '1');
        assert.ok(waiting > 1, 'the statement waited for the hashes');
        for (const answer of await Promise.all(burst)) assert.equal(answer.status, 200, answer.text);
    });
}

test('guessing many passwords at once tells of no more than five', async (t) => {
    const slow = await slowHashes(t);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) =>
        slow.anonymous().json('POST', '/v1/api/auth/login', { user: 'lena', password: `wrong ${i}` })));
    const told = answers.filter((answer) => answer.body.error === 'unauthorized');
    assert.equal(told.length, 5);
    for (const answer of answers.filter((answer) => !told.includes(answer))) isError(answer, 401, 'account_locked', /minute\(s\)/);
});

test('a batch changes threads for its passwords and answers as any other', async (t) => {
    const all = await readyServer(t);
    const results = await all.admin.run(`SELECT 1; ${createUser('ann')}; SELECT 2; ${createUser('bob')};
        ALTER USER bob SET PASSWORD 'another one'; ALTER USER bob SET ROLE service; SELECT 3`);
    assert.deepEqual(results.map((result) => result.message ?? result.rows[0][0]), [
        '1', "User 'ann' created", '2', "User 'bob' created", "User 'bob' updated", "User 'bob' updated", '3',
    ]);
    await all.login('bob', 'another one');
    await all.admin.refuses(`SELECT 1; ${createUser('cid')}; ${createUser('ann')}; ${createUser('dan')}`,
        /^Statement 3 failed: .*user 'ann' already exists/);
    assert.deepEqual(await all.admin.column("SELECT user_id FROM system.users WHERE user_id IN ('cid', 'dan')"),
        ['cid'], 'as in any batch, what stands before the failure has happened');
});

test('max_waiting_hashes: more sign-ins and statements than may wait are told to come later', async (t) => {
    const slow = await slowHashes(t, { max_waiting_hashes: 1 });
    const signIns = await Promise.all(Array.from({ length: AT_ONCE }, () => signIn(slow)));
    const refused = signIns.filter((answer) => answer.status !== 200);
    assert.ok(refused.length > 0 && refused.length < AT_ONCE);
    for (const answer of refused) isError(answer, 503, 'overloaded', /try again later/);

    const statements = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, i) => slow.admin.post(createUser(`u_${i}`))));
    const late = statements.filter((answer) => answer.status !== 200);
    assert.ok(late.length > 0 && late.length < AT_ONCE);
    for (const answer of late) {
        assert.equal(answer.status, 503, answer.text);
        assert.equal(answer.body.error.code, 'OVERLOADED');
        assert.equal(answer.headers['retry-after'], '1');
    }
    const made = await slow.admin.value("SELECT COUNT(*) FROM system.users WHERE user_id LIKE 'u\\_%'");
    assert.equal(Number(made), AT_ONCE - late.length, 'what was refused did nothing');
});

test('a password for root in the environment is the setup', async (t) => {
    const set = await startServer(t, { env: { KALAMDB_ROOT_PASSWORD: 'from the outside 1' } });
    assert.equal((await set.anonymous().send('GET', '/v1/api/auth/status')).body.needs_setup, false);
    const root = await set.login('root', 'from the outside 1');
    await root.run("CREATE USER dora WITH PASSWORD 'dora: long enough' ROLE dba");
    await set.restart({ env: { KALAMDB_ROOT_PASSWORD: 'a later one, not used' } });
    await set.login('root', 'from the outside 1');
    assert.equal(await root.value('SELECT CURRENT_USER()'), 'root', 'tokens survive a restart');
});

test('a weak password for root stops the start', async (t) => {
    const weak = new Server({ env: { KALAMDB_ROOT_PASSWORD: 'short' } });
    t.after(() => weak.destroy());
    const ended = await weak.startFails();
    assert.equal(ended.code, 1);
    assert.match(ended.log, /root_password/);
    assert.ok(!ended.log.includes("'short'"));
});

test('the setup is for pages of origins that are named', async (t) => {
    const named = await startServer(t, { settings: { 'security.cors': { allowed_origins: ['*', 'https://admin.example'] } } });
    const status = async (Origin) => (await named.anonymous().send('GET', '/v1/api/auth/status', { headers: { Origin } })).status;
    assert.deepEqual([await status('https://admin.example'), await status('https://evil.example')], [200, 403]);
});

test('setup from elsewhere can be allowed', async (t) => {
    const open = await startServer(t, { settings: { auth: { allow_remote_setup: true } } });
    const headers = { 'X-Forwarded-For': '203.0.113.7' };
    assert.equal((await open.anonymous().send('GET', '/v1/api/auth/status', { headers })).status, 200);
    const answer = await open.anonymous().json('POST', '/v1/api/auth/setup', setupBody(), headers);
    assert.equal(answer.status, 200, answer.text);
});

test('tokens live as long as configured', async (t) => {
    const brief = await startServer(t, { settings: { auth: { jwt_expiry_hours: '1s', jwt_secret: SECRET } } });
    await brief.setup();
    const claims = JSON.parse(Buffer.from(brief.admin.token.split('.')[1], 'base64url'));
    assert.equal(claims.exp - claims.iat, 1);
    assert.equal(await brief.admin.value('SELECT CURRENT_USER()'), 'admin', 'clocks may differ by a minute');
});

test('complex passwords can be asked for', async (t) => {
    const strict = await startServer(t, { settings: { auth: { enforce_password_complexity: true } } });
    const made = await strict.anonymous().json('POST', '/v1/api/auth/setup',
        { user: 'admin', password: 'Correct horse 1!', root_password: 'Battery staple 2!' });
    assert.equal(made.status, 200, made.text);
    strict.admin = await strict.login('admin', 'Correct horse 1!');
    for (const [password, word] of [
        ['all lower 1!', /uppercase/i], ['ALL UPPER 1!', /lowercase/i],
        ['No Digit Here!', /digit/i], ['NoSpecial123', /special character/i],
    ])
        await strict.admin.refuses(`CREATE USER u WITH PASSWORD '${password}' ROLE user`, word);
    await strict.admin.run("CREATE USER u WITH PASSWORD 'Has All 4 kinds!' ROLE user");
});

testStop(server);
