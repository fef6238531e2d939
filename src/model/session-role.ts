/**
 * What the names of session roles at a server begin with: no other role's may, and whoever lists roles tells them apart by it.
 * It makes none; `credentials/` does.
 *
 * Not `hf_`: so begin access tokens of a well-known service, and the log would mask it.
 */
export const sessionRolePrefix = "hfs_";
