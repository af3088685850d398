import ArgumentParser
import Console
import Foundation
import Invocation

/// `s3prune uploads`: what was begun and never completed.
struct UploadsCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "uploads",
        abstract: "List incomplete multipart uploads; abort the expired ones with --abort.",
        discussion: """
            Parts of an upload that was never completed are stored and paid for, and no listing \
            of versions shows them. Each is listed with its age and with what is stored of it so \
            far. The policy's 'incomplete-uploads: { abort-after: 3d }' says which are too old, \
            counted by the server's clock from the moment an upload was begun; without it none \
            is aborted.
            """)

    @OptionGroup var policies: PolicyOptions

    @Flag(help: "Abort the uploads that are older than the policy's abort-after.")
    var abort = false

    @Flag(help: "Do not ask before aborting; needed where there is no terminal.")
    var yes = false

    @Option(help: "The form of the report: text for people, json for programs (JSON Lines).")
    var format = TextOrJSON.text

    @OptionGroup var quietness: QuietOption
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    func perform() throws -> Console.ExitCode {
        quietness.begin()
        if abort { try Consent.require(yes: yes, to: "aborting") }
        let environment = ProcessSafety.environment
        let loaded = try LoadedPolicy.load(
            policies.paths(environment: environment), toDelete: abort)
        let run = UploadsRun(
            command: self, interruption: try Interruption(), isOneOfSeveral: loaded.count > 1,
            environment: environment)
        return try run.perform(loaded)
    }
}
