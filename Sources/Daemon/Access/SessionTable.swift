// Who has logged in with a browser. In memory alone, and as digests: a restart of the daemon ends
// all sessions, and nothing that could be copied lets anybody in. Pure: the time comes in.

import Store

struct Session: Sendable, Hashable {
    /// The token by which she logged in: with it the session ends.
    let token: String
    let user: Int
    /// Milliseconds of a clock that only goes on, as all times here.
    let begunAt: Int
    var seenAt: Int
}

struct SessionTable: Sendable {
    /// From the login on, and from the last request on.
    static let lifeMilliseconds = 7 * 86_400_000
    static let idleMilliseconds = 12 * 3_600_000
    /// Of one user: the one that was not seen for longest makes room. Of all, as well.
    static let perUserMax = 16
    static let countMax = 1_024

    private var sessions: [Digest: Session] = [:]

    var count: Int { sessions.count }

    mutating func begin(_ secret: Secret, token: String, user: Int, now: Int) {
        sessions = sessions.filter { Self.isAlive($0.value, now: now) }
        makeRoom(Self.perUserMax) { $0.user == user }
        makeRoom(Self.countMax) { _ in true }
        sessions[secret.digest] = Session(token: token, user: user, begunAt: now, seenAt: now)
    }

    private mutating func makeRoom(_ max: Int, _ counts: (Session) -> Bool) {
        let held = sessions.filter { counts($0.value) }
        guard held.count >= max else { return }
        let oldest = held.min { ($0.value.seenAt, $0.key) < ($1.value.seenAt, $1.key) }
        if let oldest { sessions[oldest.key] = nil }
    }

    /// The session of a browser that shows this; nil where it has ended.
    mutating func find(_ secret: Secret, now: Int) -> Session? {
        let digest = secret.digest
        guard var session = sessions[digest] else { return nil }
        guard Self.isAlive(session, now: now) else {
            sessions[digest] = nil
            return nil
        }
        session.seenAt = now
        sessions[digest] = session
        return session
    }

    mutating func end(_ secret: Secret) { sessions[secret.digest] = nil }

    private static func isAlive(_ session: Session, now: Int) -> Bool {
        now - session.begunAt < lifeMilliseconds && now - session.seenAt < idleMilliseconds
    }
}
