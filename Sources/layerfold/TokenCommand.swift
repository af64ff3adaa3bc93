// `layerfold token`: what lets browsers and programs in over the network.

import ArgumentParser
import Client
import Foundation
import Jobs

extension AccessScope: ExpressibleByArgument {}

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Let browsers and programs in over the network.",
        discussion: """
            A token has the rights of who makes it, or fewer. Browsers show it at the page \
            /login, programs send it as `Authorization: Bearer TOKEN`.
            """,
        subcommands: [TokenNewCommand.self, TokenListCommand.self, TokenRevokeCommand.self])
}

struct TokenNewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a token; prints it, this once.")

    @Option(help: "read, submit, or for admins admin: what it may.")
    var scope = AccessScope.submit
    @Option(help: "What it is for, in words.") var name: String?
    @Option(help: "How many days it counts.") var days = TokenRequest.daysDefault
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard (1...TokenRequest.daysMax).contains(days) else {
            throw ValidationError("--days \(days): expected 1 to \(TokenRequest.daysMax)")
        }
    }

    func run() throws {
        let request = TokenRequest(scope: scope, name: name, days: days)
        let new = try daemon.ask { try $0.makeToken(request) }
        if json { return try Terminal.json(new) }
        Terminal.line(new.token)
        Terminal.error(
            "layerfold: token \(new.summary.id) may \(scope.rawValue) until "
                + "\(TokenText.day(new.summary.expiresAtMilliseconds)); keep it now, it is not "
                + "shown again")
    }
}

struct TokenListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List your tokens; those of all for admins.")

    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let tokens = try daemon.ask { try $0.tokens() }.tokens
        if json { return try Terminal.json(tokens) }
        if tokens.isEmpty { return Terminal.error("layerfold: there are no tokens") }
        Terminal.table(TokenText.table(tokens))
    }
}

struct TokenRevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Take tokens away; whoever came by one is out at once.")

    @Argument(help: "Tokens, by their ids.") var tokens: [String]
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        try Receipts.print(tokens, json: json, words: { (_: TokenSummary) in "revoked" }) { id in
            try daemon.ask { try $0.revokeToken(id) }
        }
    }
}

enum TokenText {
    static func table(_ tokens: [TokenSummary]) -> [[String]] {
        [["token", "name", "user", "may", "made", "until", "used"]]
            + tokens.map { token in
                [
                    token.id, token.name, UserName.of(token.user), token.scope.rawValue,
                    day(token.madeAtMilliseconds), day(token.expiresAtMilliseconds),
                    token.usedAtMilliseconds.map(day) ?? "never",
                ]
            }
    }

    static func day(_ milliseconds: Int) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(
            .iso8601.year().month().day())
    }
}
