// Which files of the inbox somebody is writing at present, by what inotify tells of them. Pure.
// It can only delay: a file that nothing was heard of is judged by how long it has not changed.

import Glibc
package import SystemPackage

/// What inotify says of one name, or of the folder itself where there is none.
package struct InboxEvent: Sendable, Equatable {
    /// `IN_CREATE`, `IN_MODIFY`, ...
    package let mask: UInt32
    /// Joins the two halves of a rename.
    package let cookie: UInt32
    package let name: FilePath.Component?

    package init(mask: UInt32, cookie: UInt32 = 0, name: FilePath.Component? = nil) {
        self.mask = mask
        self.cookie = cookie
        self.name = name
    }

    func has(_ bits: CInt) -> Bool { mask & UInt32(bits) != 0 }
}

/// An opening tells not whether it is for writing; a creation that is followed by one does, and so
/// does a write. Events that are alike are merged by the kernel, so openings cannot be counted.
package struct Writers: Sendable {
    private enum Phase {
        /// By `link`, which opens nothing, or by `open`, which follows.
        case created
        case opened
        case written
    }

    private static let namesMax = 65_536

    private var phases: [FilePath.Component: Phase] = [:]
    /// Files on the way from one name to another, by the cookie of the rename.
    private var moving: [UInt32: Phase] = [:]

    package init() {}

    package func isWriting(_ name: FilePath.Component) -> Bool {
        switch phases[name] {
        case .opened, .written: true
        case .created, nil: false
        }
    }

    package mutating func note(_ event: InboxEvent) {
        if event.has(IN_Q_OVERFLOW) { self = Writers() }
        guard let name = event.name else { return }
        if event.has(IN_CREATE), phases.count < Self.namesMax { phases[name] = .created }
        if event.has(IN_OPEN), phases[name] == .created { phases[name] = .opened }
        if event.has(IN_MODIFY), phases[name] != nil || phases.count < Self.namesMax {
            phases[name] = .written
        }
        if event.has(IN_CLOSE_NOWRITE), phases[name] == .opened { phases[name] = .created }
        if event.has(IN_CLOSE_WRITE) || event.has(IN_DELETE) { phases[name] = nil }
        if event.has(IN_MOVED_FROM) {
            // The other half comes next, if it comes at all.
            moving = phases.removeValue(forKey: name).map { [event.cookie: $0] } ?? [:]
        }
        if event.has(IN_MOVED_TO) { phases[name] = moving.removeValue(forKey: event.cookie) }
    }
}
