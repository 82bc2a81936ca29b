/**
 * Makes the commit of a transaction wait for the disk where the server, the role or the pool says that it need not: a message whose `emit` has
 * resolved would be gone when the server crashes. What asks for more than that, such as `remote_apply`, stays.
 */
export const DURABLE_COMMIT = `select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'`;
