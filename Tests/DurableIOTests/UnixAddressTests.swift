// Addresses of unix sockets, as the kernel reads them.

import DurableIO
import Glibc
import SystemPackage
import Testing

@Suite struct UnixAddressTests {
    private func stream() throws -> CInt {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        return try #require(socket >= 0 ? socket : nil)
    }

    @Test func `the longest path is bound whole, and a longer one is no address`() throws {
        let folder = try TemporaryFolder()
        let room = UnixAddress.pathBytesMax - folder.path.string.utf8.count - 1
        let name = String(repeating: "s", count: room)
        let path = folder.path.appending(name).string
        #expect(path.utf8.count == 107)
        #expect(UnixAddress(path: path + "s") == nil)
        #expect(UnixAddress(path: String(path.dropLast()) + "é") == nil, "bytes are counted")
        let address = try #require(UnixAddress(path: path))
        let socket = try stream()
        defer { close(socket) }
        #expect(unsafe address.lend { unsafe bind(socket, $0, $1) } == 0)
        #expect(try folder.names == [name])
    }

    @Test func `a name with an @ is in no folder, and ends where it ends`() throws {
        let folder = try TemporaryFolder()
        let name = folder.path.appending("s").string
        let address = try #require(UnixAddress(name: "@" + name))
        let socket = try stream()
        defer { close(socket) }
        #expect(unsafe address.lend { unsafe bind(socket, $0, $1) } == 0)
        #expect(try folder.names.isEmpty)
        var bound = sockaddr_un()
        var byteCount = socklen_t(MemoryLayout<sockaddr_un>.size)
        let code = unsafe withUnsafeMutablePointer(to: &bound) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(socket, $0, &byteCount)
            }
        }
        try #require(code == 0)
        let expected = [0] + Array(name.utf8)
        // Zeros behind the name would belong to it.
        #expect(Int(byteCount) == MemoryLayout<sa_family_t>.size + expected.count)
        #expect(unsafe withUnsafeBytes(of: bound.sun_path) { unsafe $0.starts(with: expected) })
    }

    @Test func `a name without an @ is a path, and a path with one stays a path`() throws {
        let folder = try TemporaryFolder()
        for (index, path) in [folder.path.appending("a"), folder.path.appending("@b")].enumerated()
        {
            let socket = try stream()
            defer { close(socket) }
            let address = try #require(
                index == 0 ? UnixAddress(name: path.string) : UnixAddress(path: path.string))
            #expect(unsafe address.lend { unsafe bind(socket, $0, $1) } == 0)
        }
        #expect(try folder.names.sorted() == ["@b", "a"])
    }
}
