// One reader of the events: where it is, and what it may see. The sockets' thread asks it for more
// when its client has taken what came before.

import HTTP
import Jobs

struct EventFeed: Feed {
    private let hub: EventHub
    /// Looked up at each event: a reload may make the server private.
    private let live: LiveConfiguration
    private let caller: Caller
    private let job: String?
    /// Nil for readers who need not be asked again.
    private let stay: Stay?
    /// Number of the last event that was looked at.
    private var place: Int

    /// - Parameters:
    ///   - place: number of the last event that the client knows; nil to begin now.
    ///   - job: only events about this one.
    ///   - stay: whether the reader may still read.
    init(
        _ hub: EventHub, _ live: LiveConfiguration, for caller: Caller, after place: Int?,
        job: String?, stay: Stay? = nil
    ) {
        self.hub = hub
        self.live = live
        self.caller = caller
        self.job = job
        self.stay = stay
        self.place = place ?? hub.last
    }

    var holder: Int? { caller.user }

    var isOver: Bool { stay?.isOver ?? false }

    var pulse: [UInt8] { EventText.pulse(place) }

    mutating func opening() -> [UInt8] { hub.opening(at: place) }

    /// A client that was slow until what it had not seen was gone hears `reset`, as one that comes
    /// back too late.
    mutating func next(bytesMax: Int) -> [UInt8] {
        let visibility = Visibility(isPrivate: live.current.isPrivate)
        let piece =
            hub.read(after: place, bytesMax: bytesMax) { isMeant($0, visibility) } ?? hub.reset()
        place = piece.place
        return piece.bytes
    }

    private func isMeant(_ entry: EventRing.Entry, _ visibility: Visibility) -> Bool {
        if let job, entry.job != job { return false }
        switch entry.audience {
        case .everybody: return true
        case .owner(let owner): return visibility.shows(jobOf: owner, to: caller)
        case .admins: return caller.isAdmin || !visibility.isPrivate
        }
    }
}
