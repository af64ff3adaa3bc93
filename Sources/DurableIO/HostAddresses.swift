// Which addresses a host's name stands for, by the system's resolver.

import Glibc

package enum HostAddresses {
    /// The addresses of a host, each as its 4 or 16 bytes, in the order in which they are to be
    /// tried; none where the name is not known. May wait for a name server. The C function is
    /// `getaddrinfo`.
    package static func find(_ host: String) -> [[UInt8]] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { unsafe freeaddrinfo(list) }
        var found: [[UInt8]] = []
        var next = unsafe list
        while let entry = unsafe next {
            unsafe next = entry.pointee.ai_next
            guard let address = unsafe entry.pointee.ai_addr else { continue }
            let bytes: [UInt8]
            switch unsafe entry.pointee.ai_family {
            case AF_INET:
                bytes = unsafe UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self)
                    .sin_addr.bytes
            case AF_INET6:
                bytes = unsafe UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self)
                    .sin6_addr.bytes
            default: continue
            }
            if !found.contains(bytes) { found.append(bytes) }
        }
        return found
    }
}

extension in_addr {
    fileprivate var bytes: [UInt8] { unsafe withUnsafeBytes(of: self) { unsafe Array($0) } }
}

extension in6_addr {
    fileprivate var bytes: [UInt8] { unsafe withUnsafeBytes(of: self) { unsafe Array($0) } }
}
