/** In place of a model that reads images: replace it by yours. */
export interface Reading {
  readonly result: Readonly<Record<string, string | number>>;
  readonly confidence: number;
}

/** Rejects for an image that cannot be read. */
export type ReadImage = (image_url: string) => Promise<Reading>;

export const readImage: ReadImage = async (image_url) => {
  if (image_url.endsWith('missing.jpg')) throw new Error('Image URL is not accessible');
  return { result: { vendor_name: 'Acme Corporation', total_amount: 1942.92 }, confidence: 0.97 };
};
