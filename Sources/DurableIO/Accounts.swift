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

    /// The name of a user number, as the system's list has it now; nil where it has none.
    ///
    /// May wait for a directory service. The C function is `getpwuid_r`.
    package static func name(of user: UInt32) -> String? {
        var record = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: recordBytes)
        return unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let code = unsafe getpwuid_r(user, &record, start, buffer.count, &found)
            guard code == 0, unsafe found != nil, let name = unsafe record.pw_name else {
                return nil
            }
            return unsafe String(cString: name)
        }
    }

    /// The number of a user's name; nil where nobody is called that.
    ///
    /// May wait for a directory service. The C function is `getpwnam_r`.
    package static func number(of name: String) -> UInt32? {
        var record = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: recordBytes)
        return unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let code = unsafe getpwnam_r(name, &record, start, buffer.count, &found)
            guard code == 0, unsafe found != nil else { return nil }
            return unsafe record.pw_uid
        }
    }

    private static func listed(_ user: UInt32) -> Set<UInt32> {
        var record = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: recordBytes)
        return unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return [] }
            let code = unsafe getpwuid_r(user, &record, start, buffer.count, &found)
            guard code == 0, unsafe found != nil else { return [] }
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
    }

    private static func own() -> Set<UInt32> {
        var groups = [UInt32](repeating: 0, count: groupsMax)
        let count = unsafe getgroups(CInt(groups.count), &groups)
        return Set(groups.prefix(max(0, Int(count)))).union([getegid()])
    }
}
