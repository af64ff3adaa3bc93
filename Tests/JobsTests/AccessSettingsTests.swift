// Settings of who may come in: where the daemon listens, by which names, whom it believes.

import Foundation
import Jobs
import Testing

@Suite struct AccessSettingsTests {
    private static func parse(_ text: String) throws -> ServerSettings {
        try ServerSettings.parse(bytes: Data(text.utf8))
    }

    @Test(arguments: [
        ("8470", ["127.0.0.1 8470"]), ("127.0.0.1:8470", ["127.0.0.1 8470"]),
        ("localhost:80", ["127.0.0.1 80"]), ("127.9.9.9:0", ["127.9.9.9 0"]),
        ("\"[::1]:8470\"", ["::1 8470"]),
        ("[8470, \"[::1]:8470\"]", ["127.0.0.1 8470", "::1 8470"]),
        ("[]", []),
    ])
    func `addresses of this machine alone are listened at`(text: String, places: [String]) throws {
        let listen = try Self.parse("listen: \(text)").listen
        #expect(listen?.map { "\($0.host) \($0.port)" } == places)
    }

    @Test func `others only where that is said`() throws {
        for text in ["0.0.0.0:80", "10.0.0.1:80", "\"[::]:80\"", "\"[2001:db8::1]:80\""] {
            do {
                _ = try Self.parse("listen: \(text)")
                Issue.record("accepted: \(text)")
            } catch {
                #expect("\(error)".contains("listen_beyond_loopback"), "\(error)")
            }
            let said = try Self.parse("listen_beyond_loopback: true\nlisten: \(text)")
            #expect(said.listen?.count == 1)
            #expect(throws: (any Error).self) {
                try Self.parse("listen_beyond_loopback: false\nlisten: \(text)")
            }
        }
    }

    @Test func `names, base path and proxies`() throws {
        let settings = try Self.parse(
            """
            hosts: [Layerfold.Example.org, lab]
            base_path: /layerfold/
            proxy: {from: [127.0.0.1, "::1", unix:caddy], user_header: X-Forwarded-User}

            """)
        #expect(settings.hosts == ["layerfold.example.org", "lab"])
        #expect(settings.basePath == "/layerfold")
        #expect(
            settings.proxy
                == ProxySettings(
                    from: [.address("127.0.0.1"), .address("::1"), .user("caddy")],
                    userHeader: "x-forwarded-user"))
        #expect(try Self.parse("base_path: /").basePath == "")
        #expect(try Self.parse("base_path: /a/b.c~d").basePath == "/a/b.c~d")
        #expect(try Self.parse("proxy: {from: [10.0.0.1]}").proxy?.userHeader == nil)
    }

    @Test(arguments: [
        ("listen: 65536", "not an address"), ("listen: localhost", "not an address"),
        ("listen: 127.0.0.1", "not an address"), ("listen: \"127.0.0.1:\"", "not an address"),
        ("listen: 127.0.0.1:x", "not an address"), ("listen: lab.example:80", "not an address"),
        ("listen: \"::1:80\"", "not an address"), ("listen: \"[::1]80\"", "not an address"),
        ("listen: \"[127.0.0.1]:80\"", "not an address"), ("listen: -1", "not an address"),
        ("listen: 127.0.0.1:-1", "not an address"), ("listen: {a: 1}", "wrong type"),
        ("hosts: lab", "a list of names"), ("hosts: [https://lab]", "not a name"),
        ("hosts: [lab:80]", "not a name"), ("hosts: [\"*\"]", "not a name"),
        ("hosts: [\"\"]", "not a name"), ("hosts: [a..b]", "not a name"),
        ("base_path: layerfold", "not a path"), ("base_path: /a//b", "not a path"),
        ("base_path: /../a", "not a path"), ("base_path: /a b", "not a path"),
        ("base_path: \"/a\\\"b\"", "not a path"), ("base_path: /v1", "the API's own"),
        ("base_path: /v1/x", "the API's own"), ("base_path: //evil.example", "not a path"),
        ("proxy: {}", "from"), ("proxy: {from: []}", "no proxy is named"),
        ("proxy: {from: [lab]}", "not an address"),
        ("proxy: {from: [10.0.0.0/8]}", "not an address"),
        ("proxy: {from: [\"unix:\"]}", "not a user"), ("proxy: {form: [10.0.0.1]}", "unknown key"),
        ("proxy: {from: [10.0.0.1], user_header: Cookie}", "not a header"),
        ("proxy: {from: [10.0.0.1], user_header: \"a b\"}", "not a header"),
        ("proxy: 10.0.0.1", "a mapping"), ("listen_beyond_loopback: 1", "true or false"),
    ])
    func `what makes no sense is refused with what is expected`(text: String, words: String) {
        do {
            _ = try Self.parse(text)
            Issue.record("accepted: \(text)")
        } catch {
            #expect("\(error)".contains(words), "\(error)")
        }
    }

    @Test func `sockets and proxies wait for the next start, names do not`() throws {
        let start = try Self.parse("listen: 8470\nproxy: {from: [10.0.0.1]}\nhosts: [a]")
        let read = try Self.parse("listen: 8471\nhosts: [b]\nbase_path: /x")
        let change = SettingsChange(from: start, to: read)
        #expect(change.waiting == ["listen", "proxy"])
        #expect(change.effective.listen == start.listen)
        #expect(change.effective.proxy == start.proxy)
        #expect(change.effective.hosts == ["b"] && change.effective.basePath == "/x")
    }

    @Test func `scopes are in order`() {
        #expect(AccessScope.read < .submit && AccessScope.submit < .admin)
        #expect(AccessScope.allCases.sorted() == AccessScope.allCases)
    }
}
