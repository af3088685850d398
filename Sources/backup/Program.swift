import ArgumentParser
import Console
import Invocation

/// The program.
@main
struct Program {
    static func main() { Invocation(of: Backup.self, diagnostics: diagnostics).runAndExit() }
}

/// What the program says beside its results.
let diagnostics = Diagnostics(program: "backup")

/// The root of the commands.
struct Backup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Encrypted backups in a versioned S3 bucket, and the way back.",
        discussion: """
            A server holds a public key and credentials that can only put; every upload is a new \
            version, and nothing the server does can take an earlier one away. The private key \
            and the right to read stay with the administrator. What is stored is a plain OpenPGP \
            message of a plain gzip stream: 'gpg -d' and 'gunzip' read it without this program.

            On the administrator's machine, once:

              backup setup s3://acme-backups
              backup key generate 'Acme <backup@acme.example>' --output acme.asc
              backup iam uploader --bucket acme-backups --prefix web1/

            On the server, every night, with a key that may only put, or with none at all and the \
            script that 'backup grant' prints:

              backup upload s3://acme-backups/web1/shop.sql.gz.gpg \\
                  --recipient acme.asc -- pg_dump shop

            What is there, and back, with this program or without:

              backup list s3://acme-backups/web1/ --versions
              backup restore s3://acme-backups/web1/shop.sql.gz.gpg --output shop.sql
              url=$(backup presign s3://acme-backups/web1/shop.sql.gz.gpg)
              wget -O - "$url" | gpg -d | gunzip > shop.sql

            Credentials, profiles, regions and endpoints are read as the aws command reads them.

            Exit codes: 0 done, 1 failed, 3 refused by a guard, 4 partial, 5 outcome unknown, \
            6 done with problems found, 64 usage, 75 temporary failure, 77 credentials or \
            permission, 78 configuration.
            """,
        version: "0.1.0",
        subcommands: [
            SetupCommand.self,
            KeyCommand.self,
            IAMCommand.self,
            UploadCommand.self,
            GrantCommand.self,
            ListCommand.self,
            PresignCommand.self,
            RestoreCommand.self,
            VerifyCommand.self,
        ])
}
