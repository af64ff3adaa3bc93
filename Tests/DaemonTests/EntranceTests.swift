// Who comes in and who does not: other sites' pages, names that lead here, proxies, sessions, and
// what the journal says of it.

import DurableIO
import Foundation
import HTTP
import Jobs
import SystemPackage
import Testing

@testable import Daemon

@Suite struct EntranceTests {
    private typealias World = AccessWorld

    // MARK: Hosts

    @Test(arguments: [
        "localhost", "localhost:8470", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8470", "[::1]",
        "[::1]:8470", "10.1.2.3:80", "lab.example", "lab.example:443", "Lab.Example.", "localhost.",
    ])
    func `names of this server and addresses are answered`(host: String) async throws {
        let world = try World { $0.hosts = ["lab.example"] }
        let answer = try await world.ask("GET /v1/status", from: World.ann, ["Host: \(host)"])
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test(arguments: [
        "evil.example", "evil.example:8470", "localhost.evil.example", "127.0.0.1.evil.example",
        "lab.example.evil.example", "xlab.example", "sub.lab.example", "localhost:x", "localhost:",
        "localhost:123456", "[::1", "[::1]x", "[localhost]", "a@localhost", "localhost/", "", ":80",
        "127.1", "2130706433", "localhost, evil.example",
    ])
    func `a name that leads here all of a sudden is refused, over each socket`(host: String)
        async throws
    {
        let world = try World { $0.hosts = ["lab.example"] }
        let token = try await world.token(.admin, of: World.admin)
        for (peer, headers) in [
            (World.admin, []), (World.browser, [World.bearer(token.token)]), (World.browser, []),
        ] {
            for words in ["GET /v1/status", "POST /v1/jobs", "GET /login"] {
                let answer = try await world.ask(words, from: peer, ["Host: \(host)"] + headers)
                #expect(answer.status == 421 && answer.text.contains("`hosts`"), "\(words)")
            }
        }
    }

    // MARK: Other sites

    private static let foreign = [
        ["Origin: http://evil.example"], ["Origin: null"], ["Origin: http://localhost:3000"],
        ["Origin: http://localhost.evil.example"], ["Origin: ftp://localhost"],
        ["Origin: localhost"], ["Origin: http://"], ["Origin: "],
        ["Sec-Fetch-Site: cross-site"], ["Sec-Fetch-Site: same-site"], ["Sec-Fetch-Site: x"],
        ["Origin: http://localhost", "Sec-Fetch-Site: cross-site"],
        ["Origin: http://evil.example", "Sec-Fetch-Site: same-origin"],
    ]

    @Test func `another site's page changes nothing, whoever's browser shows it`() async throws {
        let world = try World()
        let id = try await world.submit("anns", from: World.ann)
        let cookie = try await world.login(try await world.token(.submit))
        for (peer, own) in [(World.ann, []), (World.browser, [cookie])] {
            for headers in Self.foreign {
                for words in [
                    "POST /v1/jobs/\(id)/cancel", "DELETE /v1/jobs/\(id)", "POST /tokens",
                ] {
                    let answer = try await world.ask(
                        words, from: peer, own + headers + [World.form])
                    #expect(answer.status == 403, "\(words) \(headers): \(answer.text)")
                }
            }
        }
        // A browser so old that it says nothing is known by its cookie.
        let silent = try await world.ask(
            "POST /v1/jobs/\(id)/cancel", from: World.browser, [cookie])
        #expect(silent.status == 403 && silent.text.contains("Origin"))
        #expect(try await world.ask("GET /v1/jobs/\(id)", from: World.ann).text.contains("queued"))
        for headers in [[World.own], ["Sec-Fetch-Site: same-origin"], ["Sec-Fetch-Site: none"]] {
            let held = try await world.ask(
                "POST /v1/jobs/\(id)/hold", from: World.browser, [cookie] + headers)
            // The queue, which was not started, has heard it.
            #expect(held.status == 409, "\(headers): \(held.text)")
        }
    }

    @Test func `another site's page logs nobody in`() async throws {
        let world = try World()
        let token = try await world.token(.submit)
        for headers in Self.foreign {
            let answer = try await world.ask(
                "POST /login", from: World.browser, headers + [World.form],
                body: "token=\(token.token)")
            #expect(answer.status == 403 && answer.cookie == nil, "\(headers)")
        }
    }

    @Test func `another site's page shows nothing of this one, and may lead here`() async throws {
        let world = try World()
        for (headers, status) in [
            (["Sec-Fetch-Site: cross-site"], 403),
            (["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"], 403),
            (
                [
                    "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate",
                    "Sec-Fetch-Dest: iframe",
                ], 403
            ),
            (
                [
                    "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate",
                    "Sec-Fetch-Dest: document",
                ], 200
            ),
            (["Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors"], 200), ([], 200),
            (["Origin: http://evil.example"], 403), ([World.own], 200),
        ] {
            let answer = try await world.ask("GET /tokens", from: World.ann, headers)
            #expect(answer.status == status, "\(headers)")
        }
    }

    @Test func `ports and schemes of an origin are held against those that were asked for`()
        async throws
    {
        let world = try World {
            $0.hosts = ["lab.example"]
            $0.proxy = ProxySettings(from: [.address("10.0.0.1")])
        }
        let token = World.bearer(try await world.token(.submit).token)
        for (host, origin, scheme, isGood) in [
            ("lab.example", "https://lab.example", "https", true),
            ("lab.example:443", "https://lab.example", "https", true),
            ("lab.example", "https://lab.example:443", "https", true),
            ("lab.example:8443", "https://lab.example:8443", "https", true),
            ("lab.example", "https://lab.example:8443", "https", false),
            ("lab.example", "http://lab.example", "https", false),
            ("lab.example", "http://lab.example", "http", true),
            ("lab.example", "https://lab.example", "", true),
            ("LAB.example", "https://lab.EXAMPLE", "https", true),
        ] {
            let answer = try await world.ask(
                "POST /v1/check", from: World.remote("10.0.0.1"),
                ["Host: \(host)", "Origin: \(origin)", token]
                    + (scheme.isEmpty ? [] : ["X-Forwarded-Proto: \(scheme)"]),
                body: TestDaemon.manifest("x"))
            #expect(answer.status == (isGood ? 200 : 403), "\(host) \(origin) \(scheme)")
        }
    }

    // MARK: Proxies

    /// A user whom every system has.
    private static func someone() throws -> (name: String, number: Int) {
        let number = try #require(try Accounts.number(named: "daemon"))
        return ("daemon", Int(number))
    }

    private static func summary(_ world: World, _ peer: Peer, _ user: String) async throws
        -> AccessWorld.Answer
    {
        try await world.ask(
            "POST /v1/jobs", from: peer, ["X-Forwarded-User: \(user)"],
            body: TestDaemon.manifest("proxied"))
    }

    @Test func `a proxy's word counts from where it is said to come, and from nowhere else`()
        async throws
    {
        let someone = try Self.someone()
        let world = try World {
            $0.proxy = ProxySettings(
                from: [.address("10.0.0.1"), .user(someone.name)], userHeader: "x-forwarded-user")
        }
        for peer in [World.remote("10.0.0.1"), Peer(user: someone.number, groups: [])] {
            #expect(try await Self.summary(world, peer, someone.name).status == 201)
        }
        let list = try await world.ask("GET /v1/jobs?user=\(someone.number)", from: World.ann)
        #expect(list.text.contains("proxied"))
        for peer in [World.remote("10.0.0.2"), World.browser, World.remote("2001:db8::1")] {
            #expect(try await Self.summary(world, peer, someone.name).status == 401)
        }
        // Over the unix socket others are whom the kernel says, and forge nothing.
        #expect(try await Self.summary(world, World.ann, someone.name).status == 403)
        #expect(try await world.ask("GET /v1/status", from: World.ann).status == 200)
    }

    @Test(arguments: [
        "X-Forwarded-For: 10.0.0.9", "Forwarded: for=10.0.0.9", "Via: 1.1 x",
        "X-Forwarded-Proto: https", "X-Real-IP: 10.0.0.9",
    ])
    func `a proxy that nobody named is not taken for its user`(header: String) async throws {
        let world = try World()
        let answer = try await world.ask("GET /v1/status", from: World.ann, [header])
        #expect(answer.status == 403 && answer.text.contains("`from` of `proxy`"))
        // Over TCP nobody is anybody by the way she came, and the header counts for nothing.
        let token = try await world.token(.read)
        let remote = try await world.ask(
            "GET /v1/status", from: World.browser, [header, World.bearer(token.token)])
        #expect(remote.status == 200)
    }

    @Test func `a proxy lets in nobody whom it does not name, nor root, nor two at once`()
        async throws
    {
        let someone = try Self.someone()
        let world = try World {
            $0.proxy = ProxySettings(
                from: [.user(someone.name), .address("10.0.0.1")], userHeader: "x-forwarded-user")
        }
        for proxy in [Peer(user: someone.number, groups: []), World.remote("10.0.0.1")] {
            // Not as the proxy's own user, whoever that is.
            #expect(try await world.ask("GET /v1/status", from: proxy).status == 401)
            #expect(try await Self.summary(world, proxy, "").status == 401)
            for user in ["root", "no such user", "0", "../x"] {
                let answer = try await Self.summary(world, proxy, user)
                #expect(answer.status == 403, "\(user): \(answer.text)")
            }
            let two = try await world.ask(
                "GET /v1/status", from: proxy,
                ["X-Forwarded-User: root", "X-Forwarded-User: \(someone.name)"])
            #expect(two.status == 400)
        }
        let without = try World { $0.proxy = ProxySettings(from: [.address("10.0.0.1")]) }
        let answer = try await Self.summary(without, World.remote("10.0.0.1"), someone.name)
        #expect(answer.status == 401, "a proxy that names nobody")
    }

    @Test func `a proxy whose word everybody here could forge is told of`() {
        func problem(_ address: String, _ header: String?) -> String? {
            TrustedProxies(
                addresses: Set([IPAddress(address)].compactMap { $0 }), userHeader: header
            ).problem
        }
        #expect(problem("127.0.0.1", "x-user")?.contains("unix:USER") == true)
        #expect(problem("::1", "x-user") != nil)
        #expect(problem("127.0.0.1", nil) == nil && problem("10.0.0.1", "x-user") == nil)
    }

    // MARK: Without knowing who

    @Test func `a browser is led to the login and back, a program is told`() async throws {
        let world = try World { $0.basePath = "/layerfold" }
        let html = ["Accept: text/html,*/*;q=0.8"]
        for target in ["/layerfold/tokens?a=b%20c", "/tokens?a=b%20c"] {
            let led = try await world.ask("GET \(target)", from: World.browser, html)
            #expect(led.status == 303)
            #expect(led.header("Location") == "/layerfold/login?next=/tokens%3Fa%3Db%2520c")
        }
        #expect(try await world.ask("GET /tokens", from: World.browser).status == 401)
        #expect(try await world.ask("GET /v1/status", from: World.browser, html).status == 401)
        let login = try await world.ask(
            "GET /layerfold/login?next=/tokens%3Fa%3Db", from: World.browser)
        #expect(login.status == 200 && login.text.contains("value=\"/tokens?a=b\""))
        #expect(login.text.contains("action=\"/layerfold/login\""))
        let known = try await world.ask("GET /login?next=/tokens", from: World.ann)
        #expect(known.status == 303 && known.header("Location") == "/layerfold/tokens")
    }

    @Test(arguments: [
        // An address without its last slash is the first page.
        ("/layerfold", ""), ("/layerfold?state=failed", "?next=/%3Fstate%3Dfailed"),
        ("/layerfold/", ""), ("/layerfold/jobs", "?next=/jobs"), ("/jobs", "?next=/jobs"),
        ("/layerfolder", "?next=/layerfolder"),
    ])
    func `a login leads back below the base path`(target: String, query: String) throws {
        var reader = RequestReader()
        reader.take(Array("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)[...])
        guard case .complete(let request)? = reader.outcome else {
            Issue.record("no request")
            return
        }
        let address = LoginAddress.make(for: request, basePath: "/layerfold")
        #expect(address == "/layerfold/login" + query)
    }

    @Test(arguments: [
        ("/jobs/1?a=b", "/jobs/1?a=b"), ("/", "/"), ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"), ("evil", "/"), ("", "/"), ("/a\r\nSet-Cookie: x", "/"),
        ("/a b", "/"), ("/ä", "/"), ("/javascript:x", "/javascript:x"),
    ])
    func `a login leads back here and nowhere else`(next: String, way: String) {
        #expect(LoginAddress.wayBack(next) == way)
    }

    @Test func `every answer tells browsers to trust nothing else`() async throws {
        let world = try World()
        for (words, peer, headers) in [
            ("GET /v1/status", World.ann, []), ("GET /login", World.browser, []),
            ("GET /none", World.ann, []), ("GET /v1/status", World.browser, []),
            ("GET /v1/status", World.ann, ["Host: evil.example"]),
            ("POST /v1/jobs", World.ann, ["Origin: http://evil.example"]),
            ("GET /v1/status", World.browser, ["Authorization: Bearer x"]),
        ] {
            let answer = try await world.ask(words, from: peer, headers)
            let policy = answer.header("Content-Security-Policy") ?? ""
            for part in [
                "default-src 'none'", "script-src 'self'", "frame-ancestors 'none'",
                "base-uri 'none'", "form-action 'self'",
            ] {
                #expect(policy.contains(part), "\(words): \(policy)")
            }
            #expect(!policy.contains("unsafe"))
            #expect(answer.header("X-Content-Type-Options") == "nosniff")
            #expect(answer.header("Referrer-Policy") == "same-origin")
            #expect(answer.header("Cross-Origin-Resource-Policy") == "same-origin")
            #expect(answer.header("Access-Control-Allow-Origin") == nil)
        }
    }

    // MARK: Journal

    @Test func `wrong tokens are told of a few times for each address, in words of ours`()
        async throws
    {
        let world = try World()
        let token = try await world.token(.submit)
        let secret = String(repeating: "ab", count: 32)
        func wrong(_ peer: Peer) async throws -> Int {
            try await world.ask(
                "GET /v1/status", from: peer,
                [World.bearer("lf_\(token.summary.id)_\(secret)")]
            ).status
        }
        func told() -> Int { world.log.count { $0.contains("a wrong token") } }
        for _ in 0..<WrongTokens.countMax { #expect(try await wrong(World.browser) == 401) }
        for _ in 0..<5 { #expect(try await wrong(World.browser) == 429) }
        #expect(told() == WrongTokens.countMax)
        #expect(world.log.allSatisfy { !$0.contains(secret) })
        // A right one is never kept out by a neighbour's wrong ones.
        let right = try await world.ask(
            "GET /v1/status", from: World.browser, [World.bearer(token.token)])
        #expect(right.status == 200)
        #expect(try await wrong(World.remote("10.0.0.9")) == 401, "another address")
        world.clock.advance(milliseconds: WrongTokens.windowMilliseconds)
        #expect(try await wrong(World.browser) == 401, "a minute later")
    }

    @Test func `a flood from everywhere is counted in bounded memory`() {
        var wrong = WrongTokens()
        for number in 0..<5_000 {
            #expect(wrong.fail(.user(number), now: number / 100) == .tell)
        }
        #expect(wrong.count <= WrongTokens.partiesMax)
        // What came last is still counted.
        for _ in 2..<WrongTokens.countMax {
            #expect(wrong.fail(.user(4_999), now: 100) == .tell)
        }
        #expect(wrong.fail(.user(4_999), now: 100) == .tellLast)
        #expect(wrong.fail(.user(4_999), now: 100) == .refuse)
    }

    @Test func `no words of others make a line of the journal`() async throws {
        let someone = try Self.someone()
        let world = try World {
            $0.proxy = ProxySettings(from: [.address("10.0.0.1")], userHeader: "x-user")
        }
        let name = #"x\n<3>layerfoldd: all is lost\u001b[2J\u202e"#
        let made = try await world.ask(
            "POST /v1/tokens", from: World.ann, body: "{\"name\":\"\(name)\"}")
        #expect(made.status == 201, "\(made.text)")
        _ = try await world.ask(
            "GET /v1/status", from: World.remote("10.0.0.1"),
            ["X-User: a\t\"<3>forged\" user=\(someone.name)"])
        #expect(world.log.count == 2)
        for line in world.log {
            #expect(line.utf8.count { $0 == UInt8(ascii: "\n") } == 1 && line.hasSuffix("\n"))
            let visible = line.unicodeScalars.dropLast().allSatisfy {
                $0.value >= 0x20 && $0.value != 0x202E
            }
            #expect(visible, "\(line)")
        }
        #expect(world.log[0].contains(#"\n<3>layerfoldd"#))
        #expect(world.log[1].contains(#"user="a\t\"<3>forged\" user="#), "\(world.log[1])")
    }
}
