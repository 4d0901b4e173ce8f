# xendomains_values FILE: sets xendomains_save, xendomains_restore and xendomains_auto as a shell that reads FILE would,
# for plain assignments. For XENDOMAINS_RESTORE, `false` counts as blank.
xendomains_values() {
	xendomains_save='' xendomains_restore='' xendomains_auto=''
	while IFS= read -r xendomains_line || [ -n "$xendomains_line" ]; do
		case $xendomains_line in *XENDOMAINS_*=*) ;; *) continue ;; esac
		xendomains_line=${xendomains_line#"${xendomains_line%%[![:space:]]*}"}
		xendomains_line=${xendomains_line#export }
		case $xendomains_line in XENDOMAINS_SAVE=* | XENDOMAINS_RESTORE=* | XENDOMAINS_AUTO=*) ;; *) continue ;; esac
		xendomains_text=${xendomains_line#*=}
		case $xendomains_text in
		\"*) xendomains_text=${xendomains_text#\"} xendomains_text=${xendomains_text%%\"*} ;;
		\'*) xendomains_text=${xendomains_text#\'} xendomains_text=${xendomains_text%%\'*} ;;
		*) xendomains_text=${xendomains_text%%[[:space:]]*} ;;
		esac
		case $xendomains_line in
		XENDOMAINS_SAVE=*) xendomains_save=$xendomains_text ;;
		XENDOMAINS_RESTORE=*)
			xendomains_restore=$xendomains_text
			[ "$xendomains_restore" != false ] || xendomains_restore=
			;;
		XENDOMAINS_AUTO=*) xendomains_auto=$xendomains_text ;;
		esac
	done <"$1"
}
