// Who may do what with a file: its mode and its POSIX access list, judged as the kernel judges them
// (acl(5), "access check algorithm"). Pure; the bytes are those of the extended attribute.

/// A person as the kernel knows one: the user's number and those of all groups.
package struct FileReader: Sendable, Equatable {
    package let user: UInt32
    package let groups: Set<UInt32>

    package init(user: UInt32, groups: Set<UInt32>) {
        self.user = user
        self.groups = groups
    }

    /// Root reads everything.
    package var isRoot: Bool { user == 0 }
}

/// The rights to a file or folder.
package struct AccessList: Sendable, Equatable {
    package struct Rights: OptionSet, Sendable, Hashable {
        package let rawValue: UInt16

        package init(rawValue: UInt16) { self.rawValue = rawValue }

        /// Of a folder: to pass through it, by a name that is known.
        package static let search = Rights(rawValue: 1)
        package static let write = Rights(rawValue: 2)
        /// Of a folder: to list it.
        package static let read = Rights(rawValue: 4)
        package static let all: Rights = [.read, .write, .search]
    }

    package var owner: Rights
    package var users: [UInt32: Rights] = [:]
    package var group: Rights
    package var groups: [UInt32: Rights] = [:]
    /// The most that named users and any group get; nil in a list that names nobody.
    package var mask: Rights?
    package var others: Rights

    package init(owner: Rights, group: Rights, others: Rights) {
        self.owner = owner
        self.group = group
        self.others = others
    }

    /// What the nine bits of a mode say.
    package init(permissions: UInt32) {
        func rights(_ shift: UInt32) -> Rights {
            Rights(rawValue: UInt16((permissions >> shift) & 7))
        }
        self.init(owner: rights(6), group: rights(3), others: rights(0))
    }

    /// Whether `reader` has all of `rights` on a file of this owner and group.
    package func allows(
        _ rights: Rights, to reader: FileReader, owner fileOwner: UInt32, group fileGroup: UInt32
    ) -> Bool {
        // Root lacks one right alone: to run a file that nobody may run.
        if reader.isRoot { return true }
        if reader.user == fileOwner { return owner.isSuperset(of: rights) }
        let most = mask ?? .all
        if let own = users[reader.user] {
            return own.intersection(most).isSuperset(of: rights)
        }
        var entries = groups.filter { reader.groups.contains($0.key) }.map(\.value)
        if reader.groups.contains(fileGroup) { entries.append(group) }
        // Whoever is in a group that the list names is not one of the others.
        if !entries.isEmpty {
            return entries.contains { $0.intersection(most).isSuperset(of: rights) }
        }
        return others.isSuperset(of: rights)
    }
}

// MARK: - The attribute

extension AccessList {
    /// Tags of `linux/posix_acl.h`.
    private enum Tag {
        static let owner: UInt16 = 0x01
        static let user: UInt16 = 0x02
        static let group: UInt16 = 0x04
        static let namedGroup: UInt16 = 0x08
        static let mask: UInt16 = 0x10
        static let others: UInt16 = 0x20
    }

    private static let version: UInt32 = 2
    private static let entryBytes = 8
    /// Of entries that are about nobody in particular.
    private static let nobody = UInt32.max

    /// The value of `system.posix_acl_access`; nil for bytes that are none.
    package init?(attribute bytes: [UInt8]) {
        func number(_ offset: Int, _ count: Int) -> UInt32 {
            (0..<count).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
        }
        guard bytes.count >= 4, (bytes.count - 4) % Self.entryBytes == 0,
            number(0, 4) == Self.version
        else { return nil }
        self.init(owner: [], group: [], others: [])
        for offset in stride(from: 4, to: bytes.count, by: Self.entryBytes) {
            let rights = Rights(rawValue: UInt16(number(offset + 2, 2)) & 7)
            let id = number(offset + 4, 4)
            switch UInt16(number(offset, 2)) {
            case Tag.owner: owner = rights
            case Tag.user: users[id] = rights
            case Tag.group: group = rights
            case Tag.namedGroup: groups[id] = rights
            case Tag.mask: mask = rights
            case Tag.others: others = rights
            default: return nil
            }
        }
    }

    /// The value of `system.posix_acl_access`, in the order that the kernel asks for.
    package var attribute: [UInt8] {
        var entries: [(tag: UInt16, rights: Rights, id: UInt32)] = [
            (Tag.owner, owner, Self.nobody)
        ]
        entries += users.sorted { $0.key < $1.key }.map { (Tag.user, $0.value, $0.key) }
        entries.append((Tag.group, group, Self.nobody))
        entries += groups.sorted { $0.key < $1.key }.map { (Tag.namedGroup, $0.value, $0.key) }
        if let mask { entries.append((Tag.mask, mask, Self.nobody)) }
        entries.append((Tag.others, others, Self.nobody))
        func little(_ number: UInt32, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0))) }
        }
        return little(Self.version, 4)
            + entries.flatMap {
                little(UInt32($0.tag), 2) + little(UInt32($0.rights.rawValue), 2) + little($0.id, 4)
            }
    }
}
