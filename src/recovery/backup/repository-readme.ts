/**
 * The text that lies in every repository, for a person who has nothing but the folder: what is where, and how to restore by hand.
 * It holds no name, no path and no secret of the installation.
 */

export function repositoryReadme(sealed: boolean): string {
  return `${head}${sealed ? sealedPart : plainPart}${rest}`;
}

const head = `This folder holds backups of PostgreSQL servers, made by Holdfast.

  TARGET/backups/DATE-ID/manifest.json   what the backup is: its files, their SHA-256, WAL positions, versions. Written last:
                                         a folder without it is no backup.
  TARGET/backups/DATE-ID/base.tar.gz     a base backup: the data directory (16400.tar.gz: the tablespace with that OID)
  TARGET/backups/DATE-ID/backup_manifest.gz  the server's own list of the files in it, for pg_verifybackup
  TARGET/backups/DATE-ID/database-1.dump a dump of one database, for pg_restore (which one: manifest.json)
  TARGET/backups/DATE-ID/globals.sql.gz  roles and other global objects, for psql
  TARGET/wal/00000001/NAME.gz            WAL segments of timeline 1; NAME.partial.gz is what the newest one held when it was stored

`;

const plainPart = `The files are not sealed. To restore a base backup by hand, on a machine with the same major version of PostgreSQL:

  mkdir -m 700 data && tar -xzf base.tar.gz -C data
  touch data/recovery.signal
  echo "restore_command = 'gunzip -c /PATH/TARGET/wal/*/%f.gz > %p || gunzip -c /PATH/TARGET/wal/*/%f.partial.gz > %p'" >> data/postgresql.conf
  echo "recovery_target_time = '2026-01-31 12:00:00+00'" >> data/postgresql.conf      (leave it out to replay everything)
  pg_ctl -D data -o '-p 5433' start
`;

const sealedPart = `The files are sealed (the ending .sealed): without the key nothing here can be read. The key is the passphrase that the
configuration of Holdfast names as backup.key. KEEP IT SOMEWHERE ELSE, TOO. To open one file, with Holdfast and nothing but the folder:

  holdfast backup decrypt base.tar.gz.sealed --out base.tar.gz --key-file KEYFILE

The format, should Holdfast not be at hand: repository.json has the parameters of scrypt (N = cost, r = blockSize, p =
parallelization, salt in base64), which makes the 32-byte key of the passphrase (UTF-8, NFKC). A file begins with the line
"HOLDFAST SEALED 1", one byte with the length of a name, the name, 32 bytes of salt; together they are the additional data of each
piece. HKDF-SHA256 of the key with that salt and the info "holdfast sealed file 1" is the file's key. Then come pieces of 65,536 bytes
and a 16-byte tag each, the last one shorter, AES-256-GCM; the nonce is the piece's number (11 bytes, big-endian) and one byte, 1 for
the last piece and 0 for the others. Behind it lies a .gz or the file itself, as the name says. Then restore as from plain files: unpack
base.tar.gz into a folder, and let restore_command be

  holdfast backup wal-fetch REPOSITORY TARGET %f %p --key-file KEYFILE
`;

const rest = `
A dump: createdb NAME && pg_restore -d NAME database-1.dump, after psql -f globals.sql.
`;
