// SPDX-License-Identifier: Apache-2.0
// Waiting for something to become true, with a deadline instead of a guess.
import { setTimeout as pause } from 'node:timers/promises';

// Asks again and again until the answer is true; gives that answer.
export async function until(what, ask, seconds = 30) {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
        const answer = await ask();
        if (answer) return answer;
        if (Date.now() > deadline) throw new Error(`${what}: not after ${seconds} s`);
        await pause(10);
    }
}
