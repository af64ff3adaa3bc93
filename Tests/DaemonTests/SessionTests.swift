// Sessions of browsers: how they begin and end, and what a form has to send.

import Foundation
import HTTP
import Jobs
import Testing

@testable import Daemon

@Suite struct SessionTests {
    private typealias World = AccessWorld

    private static func status(_ world: World, _ cookie: String) async throws -> Int {
        try await world.ask("GET /v1/status", from: World.browser, [cookie]).status
    }

    @Test func `a login gives a cookie that no script and no other site gets`() async throws {
        let world = try World { $0.basePath = "/layerfold" }
        let token = try await world.token(.submit)
        let answer = try await world.ask(
            "POST /layerfold/login", from: World.browser, [World.form, World.own],
            body: "token=+\(token.token)%0D%0A&next=/tokens")
        #expect(answer.status == 303 && answer.header("Location") == "/layerfold/tokens")
        let cookie = try #require(answer.header("Set-Cookie"))
        for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/layerfold;", "; Max-Age=604800;"] {
            #expect(cookie.contains(part), "\(cookie)")
        }
        #expect(!cookie.contains("Secure") && !cookie.contains(token.token.suffix(64)))
        #expect(try await Self.status(world, "Cookie: \(answer.cookie ?? "")") == 200)
        #expect(!world.log.joined().contains(token.token.suffix(64)))
    }

    @Test func `where the proxy speaks TLS, the cookie goes by it alone`() async throws {
        let world = try World { $0.proxy = ProxySettings(from: [.address("10.0.0.1")]) }
        let token = try await world.token(.submit)
        for (peer, scheme, isSecure) in [
            ("10.0.0.1", "https", true), ("10.0.0.1", "http", false), ("10.0.0.2", "https", false),
        ] {
            let answer = try await world.ask(
                "POST /login", from: World.remote(peer),
                [World.form, "X-Forwarded-Proto: \(scheme)"], body: "token=\(token.token)")
            #expect(answer.header("Set-Cookie")?.contains("; Secure") == isSecure, "\(peer)")
        }
    }

    @Test func `a wrong token logs nobody in and is told on the page`() async throws {
        let world = try World()
        for body in ["token=x", "token=", "", "token=%3Cscript%3E", "next=//evil.example"] {
            let answer = try await world.ask(
                "POST /login", from: World.browser, [World.form, World.own], body: body)
            #expect(answer.status == 401 && answer.cookie == nil, "\(body)")
            #expect(answer.text.contains("role=\"alert\"") && !answer.text.contains("<script>"))
            #expect(!answer.text.contains("evil"))
        }
        let json = try await world.ask("POST /login", from: World.browser, [World.own], body: "{}")
        #expect(json.status == 415)
    }

    @Test func `a session ends with its logout, and with its token`() async throws {
        let world = try World()
        let token = try await world.token(.submit)
        let (one, two) = (try await world.login(token), try await world.login(token))
        let form = try await world.formToken([one])
        let out = try await world.ask(
            "POST /logout", from: World.browser, [one, World.form, World.own],
            body: "form_token=\(form)")
        #expect(out.status == 303 && out.header("Location") == "/login")
        #expect(out.header("Set-Cookie")?.contains("layerfold_session=;") == true)
        #expect(out.header("Set-Cookie")?.contains("Max-Age=0;") == true)
        #expect(try await Self.status(world, one) == 401, "whoever has copied it is out, too")
        #expect(try await Self.status(world, two) == 200)
        _ = try await world.ask("DELETE /v1/tokens/\(token.summary.id)", from: World.ann)
        #expect(try await Self.status(world, two) == 401)
    }

    @Test func `a session ends by idleness, by age, and when its token expires`() async throws {
        let world = try World()
        let long = try await world.token(.read, days: 30)
        let idle = try await world.login(long)
        world.clock.advance(milliseconds: SessionTable.idleMilliseconds - 1)
        #expect(try await Self.status(world, idle) == 200)
        world.clock.advance(milliseconds: SessionTable.idleMilliseconds)
        #expect(try await Self.status(world, idle) == 401)
        let busy = try await world.login(long)
        var (age, step) = (0, SessionTable.idleMilliseconds - 1)
        while age + step < SessionTable.lifeMilliseconds {
            world.clock.advance(milliseconds: step)
            age += step
            #expect(try await Self.status(world, busy) == 200, "\(age)")
        }
        step = SessionTable.lifeMilliseconds - age
        world.clock.advance(milliseconds: step)
        #expect(try await Self.status(world, busy) == 401)
        let short = try await world.login(try await world.token(.read, days: 1))
        // The wall clock alone, which a session does not go by.
        world.clock.jump(milliseconds: 86_400_000)
        #expect(try await Self.status(world, short) == 401)
    }

    @Test func `sessions have an end in number, the one unseen for longest goes first`() {
        var table = SessionTable()
        let secrets = (0..<40).map { _ in Secret() }
        for (number, secret) in secrets.prefix(SessionTable.perUserMax).enumerated() {
            table.begin(secret, token: "t", user: 1, now: number)
        }
        #expect(table.find(secrets[0], now: 100) != nil)
        table.begin(secrets[20], token: "t", user: 1, now: 101)
        #expect(table.count == SessionTable.perUserMax)
        #expect(table.find(secrets[0], now: 102) != nil, "it was seen meanwhile")
        #expect(table.find(secrets[1], now: 102) == nil)
        table.begin(secrets[21], token: "t", user: 2, now: 103)
        #expect(table.count == SessionTable.perUserMax + 1, "another user's own")
        for user in 10..<2_000 { table.begin(Secret(), token: "t", user: user, now: 200 + user) }
        #expect(table.count == SessionTable.countMax)
    }

    @Test(arguments: [
        "layerfold_session=", "layerfold_session=x", "layerfold_session", "other=%s",
        "layerfold_session=%s0", "xlayerfold_session=%s", "LAYERFOLD_SESSION=%s",
        "a=layerfold_session=%s",
    ])
    func `another cookie is none`(text: String) async throws {
        let world = try World()
        let cookie = try await world.login(try await world.token(.read))
        let value = try #require(cookie.split(separator: "session=").last).prefix { $0 != ";" }
        let shown = text.replacing("%s", with: value)
        #expect(try await Self.status(world, "Cookie: \(shown)") == 401, "\(shown)")
        // One of another path may stand before ours.
        let both = "Cookie: layerfold_session=\(Secret().hex); layerfold_session=\(value)"
        #expect(try await Self.status(world, both) == 200)
    }

    // MARK: Forms

    @Test func `what somebody typed comes back where its form is not taken`() async throws {
        // Another key than before, as of a daemon that was started again.
        let (before, world) = (try World(), try World())
        let old = try await before.formToken([], from: World.ann)
        let body = "do=send&name=old-name&manifest=model%3A+%3Ca%3E&form_token=\(old)"
        let headers = [World.form, World.own, "Accept: text/html"]
        let stale = try await world.ask("POST /submit", from: World.ann, headers, body: body)
        #expect(stale.status == 403 && stale.text.contains("The page is out of date"))
        #expect(stale.text.contains(">\nmodel: &lt;a&gt;</textarea>"), "\(stale.text)")
        let fresh = try await world.formToken([], from: World.ann)
        #expect(fresh != old && stale.text.contains("value=\"\(fresh)\""))
        #expect(stale.text.contains("action=\"/submit\"") && !stale.text.contains("value=\"send\""))
        #expect(stale.text.contains("name=\"name\" value=\"old-name\""))
        let nobody = try await world.ask("POST /submit", from: World.browser, headers, body: body)
        #expect(nobody.status == 401 && nobody.text.contains(">\nmodel: &lt;a&gt;</textarea>"))
        #expect(nobody.text.contains("name=\"next\" value=\"/submit\""))
        // What had nothing in it leads to the login as ever.
        let empty = try await world.ask(
            "POST /submit", from: World.browser, headers, body: "do=make&manifest=")
        #expect(empty.status == 303)
        // Programs are told in a document.
        let program = try await world.ask(
            "POST /submit", from: World.ann, [World.form, World.own], body: body)
        #expect(program.status == 403 && program.text.hasPrefix("{"))
    }

    @Test func `a form without what its page had changes nothing`() async throws {
        let world = try World()
        let token = try await world.token(.submit)
        let (one, two) = (try await world.login(token), try await world.login(token))
        let own = try await world.formToken([one])
        #expect(try await world.formToken([one]) == own, "of each page of a session")
        let victim = try await world.token(.read)
        func revoke(_ sealed: String, _ headers: [String]) async throws -> Int {
            try await world.ask(
                "POST /tokens/revoke", from: World.browser, headers + [World.own],
                body: "id=\(victim.summary.id)\(sealed)"
            ).status
        }
        for sealed in [
            "", "&form_token=", "&form_token=x", "&form_token=\(own.dropLast())",
            "&form_token=\(own)0", "&form_token=\(String(own.reversed()))",
            "&form_token=\(try await world.formToken([two]))",
            "&form_token=\(try await world.formToken([], from: World.ann))",
            "&form_token=x&form_token=\(own)",
        ] {
            #expect(try await revoke(sealed, [one, World.form]) == 403, "\(sealed)")
        }
        #expect(try await revoke("&form_token=\(own)", [one]) == 415)
        let plain = try await revoke(
            "&form_token=\(own)", [one, "Content-Type: text/plain"])
        #expect(plain == 415, "what other sites' forms may send without asking")
        #expect(try await revoke("&form_token=\(own)", [one, World.form]) == 303)
    }

    @Test func `forms of the unix socket are sealed as well`() async throws {
        let world = try World()
        let own = try await world.formToken([], from: World.ann)
        let bobs = try await world.formToken([], from: World.bob)
        #expect(own != bobs)
        for (sealed, status) in [(own, 200), (bobs, 403), ("", 403)] {
            let answer = try await world.ask(
                "POST /tokens", from: World.ann, [World.form],
                body: "name=a&scope=read&days=5&form_token=\(sealed)")
            #expect(answer.status == status)
            #expect(answer.text.contains("lf_") == (status == 200))
        }
    }

    @Test func `a page with a token's name has no tag of it`() async throws {
        let world = try World()
        let name = "\"><script>alert(1)</script>"
        let body = String(
            decoding: try JSONEncoder().encode(TokenRequest(scope: .read, name: name)),
            as: UTF8.self)
        _ = try await world.ask("POST /v1/tokens", from: World.ann, body: body)
        let page = try await world.ask("GET /tokens", from: World.ann)
        #expect(page.status == 200 && page.text.contains("&lt;script&gt;alert(1)"))
        #expect(!page.text.contains("<script>"))
    }
}
