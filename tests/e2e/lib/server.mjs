// SPDX-License-Identifier: Apache-2.0
// A real server on a free port with a data folder of its own; both are gone when the suite ends.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
    chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from './client.mjs';
import { until } from './until.mjs';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
export const build = resolve(root, process.env.KALAMDB_BUILD ?? 'build/release');
export const program = join(build, 'kalamdb');

export const ADMIN = { user: 'admin', password: 'correct horse 1', root: 'battery staple 2' };
const START_SECONDS = 60;
const STOP_SECONDS = 60;

// Password hashes as cheap as they may be: suites sign in hundreds of users.
const DEFAULTS = {
    server: { port: 0 },
    auth: { hash_memory: '64KiB', hash_passes: 1 },
    rate_limit: { max_auth_requests_per_ip_per_sec: 10000 },
};

const live = new Set(); // servers that run
const folders = new Set(); // to be removed at the end

function quoted(value) {
    if (Array.isArray(value)) return `[${value.map(quoted).join(', ')}]`;
    return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

export function toml(settings) {
    return Object.entries(settings)
        .map(([section, keys]) => {
            const lines = Object.entries(keys).map(([key, value]) => `${key} = ${quoted(value)}`);
            return `[${section}]\n${lines.join('\n')}\n`;
        })
        .join('\n');
}

function merged(base, more) {
    const all = structuredClone(base);
    for (const [section, keys] of Object.entries(more ?? {}))
        all[section] = { ...all[section], ...keys };
    return all;
}

// Removes a folder even when a test took the rights to do so away.
export function removeFolder(folder) {
    const open = (path) => {
        if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
        chmodSync(path, 0o700);
        for (const name of readdirSync(path)) open(join(path, name));
    };
    try {
        rmSync(folder, { recursive: true, force: true });
    } catch {
        open(folder);
        rmSync(folder, { recursive: true, force: true });
    }
}

export function temporaryFolder(name = 'files') {
    const folder = mkdtempSync(join(tmpdir(), `kalamdb-${name}.`));
    folders.add(folder);
    return folder;
}

export class Server {
    // settings: sections of server.toml; env: variables; wrapper: a command to run the program
    // with; data: the data folder (a fresh one).
    constructor({ settings, env, wrapper, data } = {}) {
        this.settings = merged(DEFAULTS, settings);
        this.env = env ?? {};
        this.wrapper = wrapper ?? [];
        this.folder = temporaryFolder('e2e');
        this.data = data ?? join(this.folder, 'data');
        this.log = '';
        this.child = null;
        this.clients = [];
    }

    spawn() {
        const file = join(this.folder, 'server.toml');
        writeFileSync(file, this.text ?? toml(merged(this.settings, {
            storage: { data_path: this.data },
        })));
        const inherited = Object.fromEntries(
            Object.entries(process.env).filter(([name]) => !name.startsWith('KALAMDB_')));
        const [command, ...args] = [...this.wrapper, program, file];
        const child = spawn(command, args, {
            cwd: this.folder,
            stdio: ['ignore', 'pipe', 'pipe'],
            env: { ...inherited, ...this.env },
        });
        this.child = child;
        this.log = '';
        this.exit = null;
        child.on('error', (error) => (this.log += error));
        this.mayEnd = false;
        child.on('close', (code, signal) => {
            this.exit = { code, signal };
            live.delete(this);
            if (!this.mayEnd || signal === 'SIGABRT' || signal === 'SIGSEGV')
                console.error(`a server ended (${signal ?? code}):\n${this.log.slice(-4000)}`);
        });
        for (const stream of [child.stdout, child.stderr]) {
            stream.on('data', (data) => (this.log += data));
            stream.unref();
        }
        child.unref();
        live.add(this);
    }

    mustRun() {
        if (this.exit) throw new Error(`the server ended:\n${this.log.slice(-4000)}`);
    }

    // Starts it and waits until it answers.
    async start({ settings, env } = {}) {
        assert.ok(!this.child || this.exit, 'the server runs already');
        this.settings = merged(this.settings, settings);
        if (env) this.env = env;
        this.spawn();
        const port = await until('the server listens', () => {
            this.mustRun();
            return /listens on https?:\/\/.*:(\d+)/.exec(this.log)?.[1];
        }, START_SECONDS);
        this.port = Number(port);
        this.isTls = this.log.includes('listens on https');
        this.url = `${this.isTls ? 'https' : 'http'}://127.0.0.1:${port}`;
        for (const client of this.clients) client.url = this.url;
        if (this.isTls) return this;
        await until('the server answers', async () => {
            this.mustRun();
            const answer = await this.anonymous().send('GET', '/v1/api/auth/status')
                .catch(() => null);
            return answer?.status === 200;
        }, START_SECONDS);
        return this;
    }

    // For servers that shall not start: how it ended and what it said.
    async startFails() {
        this.spawn();
        this.mayEnd = true;
        const ended = await until('the server refuses to start', () => {
            assert.ok(!/listens on/.test(this.log), `the server started:\n${this.log}`);
            return this.exit;
        }, START_SECONDS);
        return { ...ended, log: this.log };
    }

    signal(name) {
        this.mayEnd = true;
        this.child.kill(name);
    }

    // Ends it in order, and looks whether it did.
    async stop() {
        this.signal('SIGTERM');
        await this.ends();
        assert.deepEqual(this.exit, { code: 0, signal: null }, this.log);
    }

    async kill() {
        this.signal('SIGKILL');
        await this.ends();
    }

    // Waits for an end that something else brings about.
    ends(seconds = STOP_SECONDS) {
        this.mayEnd = true;
        return until('the server ends', () => this.exit, seconds);
    }

    async restart(changes) {
        await this.stop();
        return this.start(changes);
    }

    async destroy() {
        if (this.child && !this.exit) await this.kill();
        removeFolder(this.folder);
    }

    client(token, user) {
        const client = new Client(this.url, token, user);
        this.clients.push(client);
        return client;
    }

    anonymous() {
        return new Client(this.url);
    }

    async login(user, password) {
        const answer = await this.anonymous().json('POST', '/v1/api/auth/login', { user, password });
        assert.equal(answer.status, 200, `${user} cannot sign in: ${answer.text}`);
        return this.client(answer.body.access_token, user);
    }

    // First-run setup; gives the administrator.
    async setup() {
        const answer = await this.anonymous().json('POST', '/v1/api/auth/setup', {
            user: ADMIN.user, password: ADMIN.password, root_password: ADMIN.root,
        });
        assert.equal(answer.status, 200, answer.text);
        this.admin = await this.login(ADMIN.user, ADMIN.password);
        return this.admin;
    }

    // A signed-in new user.
    async addUser(id, role = 'user') {
        const password = `a good one for ${role}`;
        await this.admin.run(
            `CREATE USER '${id.replaceAll("'", "''")}' WITH PASSWORD '${password}' ROLE '${role}'`);
        return this.login(id, password);
    }
}

// A started server. With a test's context it goes with the test, otherwise with the suite.
export async function startServer(t, options) {
    const server = new Server(options);
    t?.after(() => server.destroy());
    await server.start();
    return server;
}

// The same, set up.
export async function readyServer(t, options) {
    const server = await startServer(t, options);
    await server.setup();
    return server;
}

process.on('exit', (code) => {
    for (const server of live) {
        server.child.kill('SIGKILL');
        if (code !== 0) console.error(`the log of ${server.data}:\n${server.log.slice(-4000)}`);
    }
    for (const folder of folders) removeFolder(folder);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
