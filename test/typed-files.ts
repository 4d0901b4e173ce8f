/** Files of the tutorial's rack of 2010 as a person types them: of the simulated rack, and of the lab. */

/** As copied from the manual: blanks for tabs, capitals, a comment. */
export const clusterConf = `# our two servers
node:
        ip_port = 7777
        ip_address = 10.99.0.11
        number = 0
        name = Bella
        cluster = ocfs2

node:
        ip_port = 7777
        ip_address = 10.99.0.12
        number = 1
        name = Brutus
        cluster = ocfs2

cluster:
        node_count = 2
        name = ocfs2
`;

/** A domain on the shared disk, without a network card. */
export const domainFile = (commandLine: string): string => `# vm-test: first domain on the shared disk
name    = "vm-test"
type    = "pvh"
memory  = 128
vcpus   = 1
kernel  = "/boot/vmlinuz-guest"
ramdisk = "/boot/initrd.img-guest"
extra   = "${commandLine}"
disk    = [ 'file:/home/vm-test.img,xvda,w' ]
`;
