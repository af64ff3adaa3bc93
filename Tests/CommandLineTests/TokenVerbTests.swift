// `layerfold token`, with a real daemon.

import Foundation
import Jobs
import TestSupport
import Testing

@Suite("tokens", .serialized)
struct TokenVerbTests {
    @Test("made, listed, revoked; the token is said once, on standard output alone")
    func tokens() throws {
        let daemon = try CommandDaemon()
        #expect(try daemon.verb("token", "ls").errors.contains("no tokens"))
        let made = try daemon.verb("token", "new", "--name", "laptop", "--days", "5")
        #expect(made.status == 0, "\(made.errors)")
        let token = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(token.hasPrefix("lf_") && token.utf8.count == 76)
        #expect(!made.errors.contains(token) && made.errors.contains("submit until"))
        let listed = try daemon.verb("token", "ls")
        let id = String(token.dropFirst(3).prefix(8))
        #expect(listed.output.contains(id) && listed.output.contains("laptop"))
        #expect(listed.output.contains("never") && !listed.output.contains(token))
        let json = try daemon.verb("token", "ls", "--json")
        let tokens = try JSONDecoder().decode([TokenSummary].self, from: Data(json.output.utf8))
        #expect(tokens.map(\.id) == [id] && tokens[0].scope == .submit)
        #expect(tokens[0].expiresAtMilliseconds - tokens[0].madeAtMilliseconds == 5 * 86_400_000)
        #expect(try daemon.verb("token", "revoke", "00000000").status == 3)
        let revoked = try daemon.verb("token", "revoke", id)
        #expect(revoked.status == 0 && revoked.output == "revoked\n")
        #expect(try daemon.verb("token", "revoke", id).status == 3)
        #expect(try daemon.verb("token", "new", "--days", "0").status == 2)
        #expect(try daemon.verb("token", "new", "--scope", "all").status == 2)
    }
}
