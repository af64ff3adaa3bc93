// `layerfold notify`: how one wants to be told of one's jobs. `send` is for the unit that takes the
// letters out, and for machines without one.

import ArgumentParser
import Client
import Foundation
import Jobs

struct NotifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify", abstract: "Be told when jobs end, by mail or webhook.",
        discussion: """
            For all your jobs; `notify:` in a job file is for that job alone. The daemon keeps what \
            you say; whether it sends mail or calls webhooks is its administrator's to say.
            """,
        subcommands: [
            NotifySetCommand.self, NotifyShowCommand.self, NotifyOffCommand.self,
            NotifyTestCommand.self, NotifySendCommand.self,
        ])
}

struct NotifySetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Say how you want to be told of all your jobs.",
        discussion: "Replaces what was said before. Prints the secret of webhooks where it is new.")

    @Option(help: "Mail to this address; `me` for your user's mailbox on the server.")
    var mail: String?
    @Option(help: "POST to this address, https://...") var webhook: String?
    @Option(help: "Of what: done, failed, last (all your jobs have ended), with commas.")
    var on = "done,failed"
    @Flag(help: "Sign webhooks with a new secret from now on.") var newSecret = false
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if mail == nil, webhook == nil, !newSecret {
            throw ValidationError("say how: --mail me, --mail ADDRESS or --webhook URL")
        }
        _ = try occasions()
    }

    private func occasions() throws -> [NotifyWish.Occasion] {
        try on.split(separator: ",").map { word in
            guard let occasion = NotifyWish.Occasion(rawValue: String(word)) else {
                let known = NotifyWish.Occasion.allCases.map(\.rawValue)
                throw ValidationError(
                    "--on \(word): expected some of \(known.joined(separator: ","))")
            }
            return occasion
        }
    }

    func run() throws {
        var body = Data()
        if mail != nil || webhook != nil {
            let wish = NotifyWish(
                mail: mail.map { $0 == "me" ? .owner : .address($0) }, webhook: webhook,
                on: try occasions())
            body = try JobJSON.encode(wish)
        }
        let report = try daemon.ask { try $0.setNotify(body, renewsSecret: newSecret) }
        try report.tell(json: json)
    }
}

struct NotifyShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show how you are told, and what became of the letters.")

    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func run() throws { try daemon.ask { try $0.notify() }.tell(json: json) }
}

struct NotifyOffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "off", abstract: "Be told nothing more; the secret is forgotten, too.",
        discussion: "What a job file says of its own job stays.")

    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func run() throws { try daemon.ask { try $0.forgetNotify() }.tell(json: json) }
}

struct NotifyTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Send yourself a letter by each way that you have set.",
        discussion: "It is on its way when this ends; `layerfold notify show` says whether it left."
    )

    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func run() throws { try daemon.ask { try $0.testNotify() }.tell(json: json) }
}

extension NotifyReport {
    fileprivate func tell(json: Bool) throws {
        if json { return try Terminal.json(self) }
        let server =
            (mail ? ["mail"] : [])
            + (webhooks.isEmpty ? [] : ["webhooks of \(webhooks.joined(separator: ", "))"])
        var rows = [
            ["mail", notify?.mail.map(Self.words) ?? "no"],
            ["webhook", notify?.webhook ?? "no"],
            ["on", notify?.on.map(\.rawValue).joined(separator: ", ") ?? "nothing"],
            ["server", server.isEmpty ? "tells nobody anything" : server.joined(separator: "; ")],
        ]
        if let secret { rows.append(["secret", "\(secret) (shown once)"]) }
        rows += letters.map { letter in
            [
                "letter",
                "\(letter.id) \(letter.state.rawValue)"
                    + (letter.reason.map { ": \($0)" } ?? ""),
            ]
        }
        Terminal.table(rows, hasHeader: false)
    }

    private static func words(_ mailbox: NotifyWish.Mailbox) -> String {
        switch mailbox {
        case .owner: "your mailbox on the server"
        case .address(let address): address
        }
    }
}
