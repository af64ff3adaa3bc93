// Whom the system knows by a number, and which groups that person is in.

import Glibc

@_silgen_name("getgrouplist")
private func linuxGroupList(
    _ name: UnsafePointer<CChar>?, _ group: UInt32, _ groups: UnsafeMutablePointer<UInt32>?,
    _ count: UnsafeMutablePointer<CInt>
) -> CInt

package enum Accounts {
    /// What a directory service may need for one answer.
    private static let recordBytes = 65_536
    /// The kernel gives nobody more (NGROUPS_MAX).
    private static let groupsMax = 65_536

    /// A user with all groups, as the system's list has them now; of a number that it does not
    /// know, nobody's groups. Of this process's own user also those that it was started with.
    ///
    /// May ask a directory service, and wait for it. The C functions are `getpwuid_r`,
    /// `getgrouplist` and `getgroups`.
    package static func reader(_ user: UInt32) -> FileReader {
        var groups = listed(user)
        if user == geteuid() { groups.formUnion(own()) }
        return FileReader(user: user, groups: groups)
    }

    /// The number of a user, or nil where nobody is called that.
    ///
    /// May ask a directory service, and wait for it. The C function is `getpwnam_r`.
    package static func number(named name: String) -> UInt32? {
        guard !name.isEmpty, !name.utf8.contains(0) else { return nil }
        return unsafe record({ unsafe getpwnam_r(name, $0, $1, $2, $3) }) { unsafe $0.pw_uid }
    }

    /// The name of a user, or nil where the system has none.
    ///
    /// May ask a directory service, and wait for it. The C function is `getpwuid_r`.
    package static func name(of user: UInt32) -> String? {
        unsafe record({ unsafe getpwuid_r(user, $0, $1, $2, $3) }) {
            unsafe $0.pw_name.map { unsafe String(cString: $0) }
        } ?? nil
    }

    /// Asks for a record, whose texts live as long as `body`.
    private static func record<Value>(
        _ ask: (
            UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
            UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
        ) -> CInt, _ body: (passwd) -> Value
    ) -> Value? {
        var record = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: recordBytes)
        return unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress,
                unsafe ask(&record, start, buffer.count, &found) == 0, unsafe found != nil
            else { return nil }
            return unsafe body(record)
        }
    }

    private static func listed(_ user: UInt32) -> Set<UInt32> {
        let groups = unsafe record({ unsafe getpwuid_r(user, $0, $1, $2, $3) }) { record in
            var count: CInt = 64
            var groups = [UInt32](repeating: 0, count: Int(count))
            while unsafe linuxGroupList(record.pw_name, record.pw_gid, &groups, &count) < 0,
                groups.count < groupsMax
            {
                groups = .init(repeating: 0, count: max(Int(count), 2 * groups.count))
                count = CInt(groups.count)
            }
            return Set(groups.prefix(max(0, Int(count))))
        }
        return groups ?? []
    }

    private static func own() -> Set<UInt32> {
        var groups = [UInt32](repeating: 0, count: groupsMax)
        let count = unsafe getgroups(CInt(groups.count), &groups)
        return Set(groups.prefix(max(0, Int(count)))).union([getegid()])
    }
}
