/** Images small enough for a story: grey values. */

const base64 = (...bytes: readonly number[]): string => Buffer.from(bytes).toString('base64');

/** Models with their reference images, as they are uploaded. */
export const GLASSES = [
  {
    name: 'ray_ban_glasses.glb',
    image: 'ray_ban_glasses.jpg',
    data: base64(10, 12, 200, 201, 202, 10, 13, 14),
    uploadedBy: 'catalogue',
  },
  {
    name: 'reading_glasses.glb',
    image: 'reading_glasses.jpg',
    data: base64(120, 121, 122, 250, 251, 119, 60, 61),
    uploadedBy: 'catalogue',
  },
] as const;

/** What a user has taken: much like the first, a little darker. */
export const PHOTO: string = base64(9, 11, 200, 200, 203, 12, 13, 90);
