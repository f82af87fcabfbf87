/** The whole number in an environment variable. @throws when the variable holds something else */
export const numberFrom = (name: string, otherwise: number): number => {
  const text = process.env[name];
  const value = text === undefined || text === '' ? otherwise : Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new Error(`${name} must be a whole number, not '${text}'`);
  }
  return value;
};

/** The seed of a campaign: FAULT_SEED, or a random one. The campaign prints it. */
export const faultSeed = (): number =>
  numberFrom('FAULT_SEED', Math.floor(Math.random() * 2 ** 32));

/** The number of rounds: FAULT_ROUNDS, or the campaign's own number. */
export const faultRounds = (otherwise: number): number => numberFrom('FAULT_ROUNDS', otherwise);
