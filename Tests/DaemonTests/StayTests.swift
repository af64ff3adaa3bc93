// Streams of events end with what let their readers in. What ends them on a socket is HTTPTests'.

import HTTP
import Jobs
import Synchronization
import Testing

@testable import Daemon

@Suite struct StayTests {
    private typealias World = AccessWorld

    @Test func `a stream ends when its token is revoked, those of others go on`() async throws {
        let world = try World()
        let (mine, other) = (try await world.token(.read), try await world.token(.read))
        let revoked = try await world.follow(from: World.browser, [World.bearer(mine.token)])
        let others = try await world.follow(from: World.browser, [World.bearer(other.token)])
        let own = try await world.follow(from: World.ann)
        await world.entrance.stays.look()
        #expect(!revoked.isOver && !others.isOver && !own.isOver)
        let told = Atomic<Int>(0)
        world.entrance.stays.connect { told.add(1, ordering: .relaxed) }
        _ = try await world.ask("DELETE /v1/tokens/\(mine.summary.id)", from: World.ann)
        #expect(revoked.isOver && !others.isOver && !own.isOver)
        await world.entrance.stays.look()
        #expect(told.load(ordering: .relaxed) == 1, "once, for who ends them")
    }

    @Test func `a stream ends with its session, and a session with its token`() async throws {
        let world = try World()
        let token = try await world.token(.submit)
        let (one, two) = (try await world.login(token), try await world.login(token))
        let left = try await world.follow(from: World.browser, [one])
        let stays = try await world.follow(from: World.browser, [two])
        let form = try await world.formToken([one])
        _ = try await world.ask(
            "POST /logout", from: World.browser, [one, World.form, World.own],
            body: "form_token=\(form)")
        #expect(left.isOver && !stays.isOver)
        _ = try await world.ask("DELETE /v1/tokens/\(token.summary.id)", from: World.ann)
        #expect(stays.isOver)
    }

    @Test func `a stream ends when its token expires`() async throws {
        let world = try World()
        let token = try await world.token(.read, days: 1)
        let feed = try await world.follow(from: World.browser, [World.bearer(token.token)])
        world.clock.jump(milliseconds: 86_399_999)
        await world.entrance.stays.look()
        #expect(!feed.isOver)
        world.clock.jump(milliseconds: 1)
        await world.entrance.stays.look()
        #expect(feed.isOver)
    }

    @Test func `the stream of who was an admin ends: it showed what others do`() async throws {
        let world = try World { $0.adminGroup = "root" }
        let admin = try await world.follow(from: Peer(user: 1_000_001, groups: [0]))
        let other = try await world.follow(from: World.bob)
        await world.entrance.stays.look()
        #expect(!admin.isOver)
        var configuration = world.settings.current
        configuration.adminGroup = "no-such-group"
        world.settings.replace(by: configuration)
        await world.entrance.stays.look()
        #expect(admin.isOver && !other.isOver)
    }
}
