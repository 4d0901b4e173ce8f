# include: images.sh
# require_template SOURCE MOUNTPOINT GLOB…: refuses unless the owner of the file system lists SOURCE for copying, no
# symbolic link leads there, and it is not an image: not made for a domain, and not used by a domain or loop device
# here.
require_template() {
	template=$1 template_top=$2
	shift 2
	in_bounds "${template#"$template_top"/}" "$@" || refuse SourceNotTemplate "$template matches none of the templates of its file system"
	template_walk=$template
	while [ "$template_walk" != "$template_top" ] && [ -n "$template_walk" ]; do
		[ ! -L "$template_walk" ] || refuse SourceNotTemplate "$template_walk is a symbolic link"
		template_walk=${template_walk%/*}
	done
	[ ! -e "$(image_record_of "${template#"$template_top"/}" "$template_top")" ] ||
		refuse SourceInUse "$template was made for a domain"
	if [ -f "$template" ]; then
		template_user=$(first_image_user "$template")
		[ -z "$template_user" ] || refuse SourceInUse "$template is used by the $template_user"
	fi
	if have xenstore-ls && { [ -e /proc/xen/xenbus ] || [ -e /dev/xen/xenbus ]; }; then
		template_user=$(limited 10 xenstore-ls -f /local/domain/0/backend 2>/dev/null </dev/null | grep -F "params = \"$template\"" | head -n 1 || :)
		[ -z "$template_user" ] || refuse SourceInUse "a domain uses $template: ${template_user%% = *}"
	fi
}
