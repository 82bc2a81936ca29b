/**
 * Lets processes work in turns, the order reversed each time (A B, B A, …): what slows the machine down for some
 * seconds then slows them all down alike, and none always follows the same other.
 */
export async function takeTurns<Party>(
  parties: readonly Party[],
  turns: number,
  work: (party: Party) => Promise<void>,
): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    for (const party of turn % 2 === 0 ? parties : parties.toReversed()) await work(party);
  }
}
