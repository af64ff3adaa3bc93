// Kernel calls on access lists and on the true path of an open file.

import Glibc
package import SystemPackage

extension Syscalls {
    private static let accessAttribute = "system.posix_acl_access"
    private static let defaultAttribute = "system.posix_acl_default"
    /// The kernel keeps no longer attribute.
    private static let attributeBytesMax = 65_536

    /// The access list of a name; links are not followed. The C function is `lgetxattr`.
    /// - Returns: Nil where it has none, or its file system knows none: the mode says all.
    package static func accessList(_ path: FilePath) throws(SystemCallError) -> AccessList? {
        var bytes = [UInt8](repeating: 0, count: attributeBytesMax)
        do throws(SystemCallError) {
            let count = try checked(.getxattr, path) {
                unsafe bytes.withUnsafeMutableBytes { buffer in
                    unsafe path.withPlatformString { name in
                        unsafe linuxGetAttribute(
                            name, accessAttribute, buffer.baseAddress, buffer.count)
                    }
                }
            }
            return AccessList(attribute: Array(bytes.prefix(count)))
        } catch {
            guard error.meansNoAccessLists || error.errno.rawValue == ENODATA else { throw error }
            return nil
        }
    }

    /// Gives a file or folder of the caller's own an access list. The C function is `lsetxattr`.
    /// - Throws: with `meansNoAccessLists` where the file system knows none.
    package static func setAccessList(
        _ path: FilePath, _ list: AccessList
    ) throws(SystemCallError) {
        try set(accessAttribute, of: path, list)
    }

    /// Says who gets what of all that anybody makes in a folder of the caller's own from now on,
    /// instead of the umask; folders made there say the same of what is made in them.
    /// - Throws: with `meansNoAccessLists` where the file system knows none.
    package static func setDefaultAccessList(
        _ folder: FilePath, _ list: AccessList
    ) throws(SystemCallError) {
        try set(defaultAttribute, of: folder, list)
    }

    private static func set(
        _ attribute: String, of path: FilePath, _ list: AccessList
    ) throws(SystemCallError) {
        let bytes = list.attribute
        _ = try checked(.setxattr, path) {
            unsafe bytes.withUnsafeBytes { buffer in
                unsafe path.withPlatformString { name in
                    unsafe linuxSetAttribute(
                        name, attribute, buffer.baseAddress, buffer.count, 0)
                }
            }
        }
    }

    /// Sets the permission bits of a name of the caller's own. The C function is `chmod`.
    package static func chmod(
        _ path: FilePath, _ permissions: CInterop.Mode
    ) throws(SystemCallError) {
        _ = try checked(.chmod, path) {
            unsafe path.withPlatformString { name in unsafe Glibc.chmod(name, permissions) }
        }
    }

    /// Where an open file really lies: free of links, and right even if a name was changed since.
    static func path(of descriptor: FileDescriptor) -> FilePath? {
        unsafe realpath("/proc/self/fd/\(descriptor.rawValue)", nil).map { resolved in
            defer { unsafe free(resolved) }
            return FilePath(unsafe String(cString: resolved))
        }
    }

    /// Whether what is open is the fence or lies below it; false where nobody can tell.
    static func lies(_ descriptor: FileDescriptor, below fence: FilePath) -> Bool {
        path(of: descriptor)?.starts(with: fence) ?? false
    }
}

extension SystemCallError {
    /// The file system keeps no access lists.
    package var meansNoAccessLists: Bool { errno.rawValue == EOPNOTSUPP || errno == .noFunction }
}
