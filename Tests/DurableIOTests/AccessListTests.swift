// Rights as the kernel judges them, and the guard that a process reads under for somebody else.

import DurableIO
import Glibc
import SystemPackage
import Testing

@Suite struct AccessListTests {
    private let alice = FileReader(user: 4_242, groups: [50, 60])

    private func list(
        owner: AccessList.Rights = [], user: AccessList.Rights? = nil,
        group: AccessList.Rights = [], named: AccessList.Rights? = nil,
        mask: AccessList.Rights? = nil, others: AccessList.Rights = []
    ) -> AccessList {
        var list = AccessList(owner: owner, group: group, others: others)
        if let user { list.users[alice.user] = user }
        if let named { list.groups[60] = named }
        list.mask = mask
        return list
    }

    @Test func `the first entry that is about somebody decides, as in the kernel`() {
        func reads(_ list: AccessList, owner: UInt32 = 0, group: UInt32 = 0) -> Bool {
            list.allows(.read, to: alice, owner: owner, group: group)
        }
        #expect(reads(list(others: .read)))
        #expect(!reads(list(others: .read), owner: alice.user), "an owner is not one of the others")
        #expect(reads(list(owner: .read), owner: alice.user))
        #expect(reads(list(group: .read), group: 50))
        #expect(!reads(list(group: .read), group: 51))
        #expect(!reads(list(others: .read), group: 50), "nor is a member of the group")
        #expect(reads(list(user: .read, mask: .all)))
        #expect(!reads(list(user: .read, mask: .search)), "the mask takes it away")
        #expect(!reads(list(user: [], mask: .all, others: .read)))
        #expect(!reads(list(user: [], group: .read, mask: .all), group: 50), "user before group")
        #expect(reads(list(named: .read, mask: .all)))
        #expect(reads(list(group: [], named: .read, mask: .all), group: 50), "any group will do")
        #expect(!reads(list(named: .search, mask: .all, others: .read)))
        #expect(!reads(list(named: .read, mask: [])))
        let root = FileReader(user: 0, groups: [])
        #expect(list().allows(.all, to: root, owner: 1, group: 1))
    }

    @Test func `a mode is a list of three entries`() {
        let list = AccessList(permissions: 0o754)
        #expect(list.owner == .all)
        #expect(list.group == [.read, .search])
        #expect(list.others == .read)
    }

    /// One of each kind of entry, and two of one.
    private static var long: AccessList {
        var list = AccessList(owner: .all, group: [.read, .search], others: [])
        list.users = [4_242: .all, 7: .read]
        list.groups = [60: .search]
        list.mask = .all
        return list
    }

    @Test func `the attribute is written and read as the kernel has it`() throws {
        let list = Self.long
        let bytes = list.attribute
        #expect(Array(bytes.prefix(12)) == [2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255])
        #expect(bytes.count == 4 + 8 * 7)
        #expect(AccessList(attribute: bytes) == list)
        #expect(AccessList(attribute: Array(bytes.dropLast())) == nil)
        #expect(AccessList(attribute: [1] + bytes.dropFirst()) == nil, "another version")
        #expect(AccessList(attribute: []) == nil)
        let folder = try TemporaryFolder()
        let file = folder.path.appending("f")
        try write("x", to: file)
        #expect(try Syscalls.accessList(file) == nil)
        guard try Self.set(list, on: file) else { return }
        #expect(try Syscalls.accessList(file) == list)
        #expect(try Syscalls.stat(file)?.permissions == 0o770, "the mask shows as the group's")
    }

    /// - Returns: false on a file system without access lists.
    private static func set(_ list: AccessList, on file: FilePath) throws -> Bool {
        do throws(SystemCallError) {
            try Syscalls.setAccessList(file, list)
            return true
        } catch {
            if error.meansNoAccessLists { return false }
            throw error
        }
    }

    @Test func `a file is read by those who may pass every folder above it`() throws {
        let folder = try TemporaryFolder()
        let inner = folder.path.appending("inner")
        let file = inner.appending("f")
        try Syscalls.makeFolders(inner)
        try write("x", to: file)
        func missing() throws -> MissingRight? {
            try FileAccess.missingRight(.read, on: file, for: alice)
        }
        for path in [folder.path, inner] { try Syscalls.chmod(path, 0o711) }
        try Syscalls.chmod(file, 0o604)
        #expect(try missing() == nil)
        try Syscalls.chmod(file, 0o600)
        #expect(try missing()?.path == file)
        try Syscalls.chmod(file, 0o604)
        try Syscalls.chmod(inner, 0o700)
        let found = try #require(try missing())
        #expect(found.path == inner)
        #expect(found.rights == .search)
        let root = FileReader(user: 0, groups: [])
        #expect(try FileAccess.missingRight(.read, on: file, for: root) == nil)
    }

    @Test func `under a guard a secret cannot be opened, whatever it is called`() throws {
        let folder = try TemporaryFolder()
        let root = folder.path.appending("root")
        let own = root.appending("own")
        try Syscalls.makeFolders(own)
        try Syscalls.chmod(folder.path, 0o711)
        for name in ["root/open", "root/closed", "root/own/object", "outside"] {
            try write("x", to: folder.path.appending(name))
            try Syscalls.chmod(folder.path.appending(name), 0o600)
        }
        try Syscalls.chmod(root.appending("open"), 0o644)
        for (link, target) in [("swapped", "closed"), ("away", "../outside"), ("fine", "open")] {
            _ = unsafe symlink(target, root.appending(link).string)
        }
        let held = ReadGuard(for: alice, below: [root], except: [own])
        ReadGuard.install(held)
        defer { ReadGuard.install(nil) }
        func opens(_ name: String) -> Bool {
            let path = folder.path.appending(name)
            guard let descriptor = try? Syscalls.open(path, O_RDONLY) else { return false }
            try? Syscalls.close(descriptor, path)
            return true
        }
        #expect(opens("root/open"))
        #expect(opens("root/fine"))
        #expect(!opens("root/closed"))
        #expect(!opens("root/swapped"), "the file counts, not the name")
        #expect(!opens("root/away"), "named below a root, it has to lie below one")
        #expect(opens("root/own/object"), "the process's own")
        #expect(opens("outside"), "nobody named it")
        let error = #expect(throws: SystemCallError.self) {
            try Syscalls.open(root.appending("closed"), O_RDONLY)
        }
        #expect(error?.errno == .permissionDenied)
    }

    @Test func `the groups of a user are those of the system's list`() throws {
        #expect(try Accounts.number(named: "root") == 0)
        #expect(try Accounts.name(of: 0) == "root")
        #expect(try Accounts.number(named: "no such user") == nil)
        #expect(try Accounts.number(named: "") == nil)
        #expect(try Accounts.number(named: "root\u{0}") == nil)
        #expect(try Accounts.name(of: 3_999_999_999) == nil)
        for code in [0, ENOENT, ESRCH, EBADF, EPERM] { #expect(Accounts.meansNobody(code)) }
        for code in [EIO, EMFILE, EINTR, EAGAIN, ECONNREFUSED, ETIMEDOUT, ENOMEM] {
            #expect(!Accounts.meansNobody(code), "\(code): it is not known")
        }
        let root = try Accounts.reader(0)
        #expect(root.groups.contains(0))
        #expect(try Accounts.reader(3_999_999_999).groups.isEmpty, "nobody has this number")
    }
}
