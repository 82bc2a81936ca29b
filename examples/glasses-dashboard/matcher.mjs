/** Finds the 3D model whose reference image looks most like the images of a user, by the angle between their embeddings. */

/** @typedef {{ readonly image: string, readonly bytes: Uint8Array, embedding: readonly number[] }} Model */

const BINS = 32;

/**
 * A stand-in for the one of a neural network: how bright an image is, and where.
 *
 * @param {Uint8Array} bytes
 * @returns {readonly number[]} of length 1
 */
function embed(bytes) {
  const bins = new Array(BINS).fill(0);
  for (const byte of bytes) bins[Math.floor((byte * BINS) / 256)] += 1;
  const length = Math.hypot(...bins);
  return bins.map((count) => (length === 0 ? 0 : count / length));
}

export class Matcher {
  /** @type {Map<string, Model>} */
  #models = new Map();

  /**
   * @param {string} name file name of the model
   * @param {string} image file name of its reference image
   * @param {Uint8Array} bytes of the image
   */
  add(name, image, bytes) {
    this.#models.set(name, { image, bytes, embedding: embed(bytes) });
  }

  /** Works out all embeddings anew. How many there are. */
  rebuild() {
    for (const model of this.#models.values()) model.embedding = embed(model.bytes);
    return this.#models.size;
  }

  /**
   * @param {readonly Uint8Array[]} images
   * @returns the best model, and how sure that is, from 0 to 1; undefined when there are no models
   */
  match(images) {
    const wanted = images.map(embed);
    /** @type {{ name: string, image: string, confidence: number } | undefined} */
    let best;
    for (const [name, { image, embedding }] of this.#models) {
      const sum = wanted.reduce((before, one) => before + cosine(one, embedding), 0);
      const confidence = Math.round((sum / wanted.length) * 100) / 100;
      if (best === undefined || confidence > best.confidence) best = { name, image, confidence };
    }
    return best;
  }
}

/**
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 */
function cosine(a, b) {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}
