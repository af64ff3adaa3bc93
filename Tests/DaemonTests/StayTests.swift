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

    /// Ann, an admin by her groups as the directory has them now.
    private static func adminWorld(_ known: TestDirectory) throws -> World {
        try World {
            $0.adminGroup = "root"
            $0.directory = known.directory
            $0.proxy = ProxySettings(
                from: [.address("10.0.0.1")], userHeader: "x-forwarded-user")
        }
    }

    @Test func `an admin's stream ends when she is none any more, by a token and by a proxy`()
        async throws
    {
        let user = UInt32(World.ann.user ?? 0)
        let known = TestDirectory(names: [user: "ann"], groups: [user: [0]])
        let world = try Self.adminWorld(known)
        let admin = Peer(user: World.ann.user, groups: [0])
        let token = try await world.token(.admin, of: admin)
        let lesser = try await world.token(.submit, of: admin)
        let byToken = try await world.follow(from: World.browser, [World.bearer(token.token)])
        let byLesser = try await world.follow(from: World.browser, [World.bearer(lesser.token)])
        let byProxy = try await world.follow(
            from: World.remote("10.0.0.1"), ["X-Forwarded-User: ann"])
        known.set(groups: [9], of: user)
        world.clock.advance(milliseconds: 59_999)
        await world.entrance.stays.look()
        #expect(!byToken.isOver && !byProxy.isOver, "groups count for a minute")
        world.clock.advance(milliseconds: 1)
        await world.entrance.stays.look()
        #expect(byToken.isOver && byProxy.isOver)
        #expect(!byLesser.isOver, "it showed no more than she may see")
    }

    @Test(.timeLimit(.minutes(2)))
    func `a visitor who cannot be found out holds up no other's end`() async throws {
        let stays = Stays()
        let directory = StopSwitch()
        let told = Atomic<Int>(0)
        stays.connect { told.add(1, ordering: .relaxed) }
        let hung = stays.begin {
            await directory.wait()
            return false
        }
        let gone = stays.begin { false }
        let look = Task { await stays.look() }
        #expect(await eventually { gone.isOver && told.load(ordering: .relaxed) == 1 })
        #expect(!hung.isOver)
        directory.stop()
        await look.value
        #expect(hung.isOver && told.load(ordering: .relaxed) == 2)
    }
}
